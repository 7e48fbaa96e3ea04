/**
 * What every node of a lab offers: a module of `mpreg start`.
 */
import { type MpregNode, context } from "@mpreg/node";

export function register(node: MpregNode): void {
  node.register("where", () => node.name);
  node.register("double", (value: number) => value * 2);
  node.register("nap", async (ms: number) => {
    await context().sleep(ms);
    return node.name;
  });
}
