/** Functions that come and go while they are called: what waits for them is not lost. */
import { setImmediate as turn } from "node:timers/promises";
import { context } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { Latch } from "../support/latch.js";

test("calls that wait for capacity all end well while their function is registered and withdrawn all the time", async () => {
  const [entry, left, right] = await startMesh({ name: "entry" }, { name: "left" }, { name: "right" });
  const client = await clientOf(entry!);
  let isOver = false;
  const churn = async (node: typeof left, pauseTurns: number): Promise<void> => {
    while (!isOver) {
      using _registration = node!.register("blink", async (value: number) => value + 1);
      for (let i = 0; i < pauseTurns; i++) await turn(); // for sockets to have their say
    }
  };
  const churning = [churn(left, 3), churn(right, 2)];
  const callInTurn = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      expect(await client.call("blink", [i], { waitForCapacity: true, timeoutMs: 20_000 })).toBe(i + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, callInTurn)).finally(() => {
    isOver = true;
  });
  await Promise.all(churning);
});

test("calls of a function that moves from node to node always find it, or hear that nobody has it", async () => {
  const nodes = await startMesh({ name: "a" }, { name: "b" }, { name: "c" });
  const client = await clientOf(nodes[0]!);
  const ends = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    const registration = nodes[round % 3]!.register("wander", () => round);
    const calls = Array.from({ length: 5 }, () =>
      client.call("wander").then(
        () => "answered",
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    for (const end of await Promise.all(calls)) ends.set(end, (ends.get(end) ?? 0) + 1);
    registration.unregister();
  }
  expect(ends.get("answered")).toBeGreaterThan(0);
  expect([...ends.keys()].sort().filter((end) => end !== "answered" && end !== "no-provider")).toEqual([]);
});

test("a function that is withdrawn in the turn that has chosen it is run by another node", async () => {
  const [here, there] = await startMesh({ name: "here" }, { name: "there" });
  const over = new Latch();
  there!.register("hold", () => over.passed);
  there!.register("f", () => "there");
  const registration = here!.register("f", () => "here");
  here!.register("withdraw", () => {
    const answer = context().call("f");
    registration.unregister(); // the call is chosen a node in this turn, and would start at its end
    return answer;
  });
  await offered("f", 2, here!);
  await offered("hold", 1, here!);
  const held = Array.from({ length: 5 }, () => here!.call("hold")); // "here" is the better choice
  expect(await here!.call("withdraw")).toBe("there");
  over.open();
  await Promise.all(held);
});
