/** What a function that runs in threads can be registered with, as the compiler sees it. */
import type { MpregNode, ThreadedOptions } from "@mpreg/node";
import { expectTypeOf, test } from "vitest";

test("batch is for handlers that run in the node's own thread", () => {
  const module = new URL("./model.js", import.meta.url);
  const register = (node: MpregNode) => {
    node.register("classify", module, { threads: 2, concurrencyMax: 8 });
    node.register("classify", (calls: readonly unknown[][]) => calls.length, { batch: true });
    // @ts-expect-error -- its calls run one by one
    node.register("classify", module, { threads: 2, batch: true });
    // @ts-expect-error -- a handler that is no file has no threads
    node.register("classify", () => 1, { threads: 2 });
  };
  expectTypeOf(register).toBeFunction();
  expectTypeOf<ThreadedOptions>().not.toHaveProperty("batch");
});
