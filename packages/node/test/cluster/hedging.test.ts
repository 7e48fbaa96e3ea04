/** Hedging over real sockets: a step that hangs on one node is answered by another. */
import { expect, test } from "vitest";
import { context } from "@mpreg/node";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { Latch } from "../support/latch.js";

test("a step that hangs where it runs is run elsewhere as well, and its first run hears that it is called off (H1) (H3)", async () => {
  const [entry, ...workers] = await startMesh({ name: "entry" }, { name: "left" }, { name: "right" });
  const calledOff = new Latch();
  const ran: string[] = [];
  for (const { name, register } of workers.map((node) => ({ name: node.name, register: node.register.bind(node) }))) {
    const work = async (): Promise<string> => {
      const { signal } = context();
      signal.addEventListener("abort", () => {
        calledOff.open();
      });
      ran.push(name);
      if (ran.length === 1) await calledOff.passed;
      return name;
    };
    register("work", work, { idempotent: true });
  }
  await offered("work", 2, entry!);
  const client = await clientOf(entry!);
  const answer = await client.call("work", [], { hedge: { afterMs: 20 } });
  expect(ran).toHaveLength(2);
  expect(answer).toBe(ran[1]);
  await calledOff.passed;
});
