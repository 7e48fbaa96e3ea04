/** One signal for many calls, as a program has for everything that it gives up together. */
import { context } from "@mpreg/node";
import { expect, onTestFinished, test } from "vitest";
import { startPair } from "../../node/test/support/cluster.js";
import { failureOf } from "../../node/test/support/failure.js";
import { Latch } from "../../node/test/support/latch.js";

function warningsOfNode(): Error[] {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  return warnings;
}

test("100 calls, iterators and sleeps with one signal are cancelled by it, and Node warns of nothing", async () => {
  const warnings = warningsOfNode();
  const { node, client } = await startPair();
  const controller = new AbortController();
  const { signal } = controller;
  const allRun = new Latch();
  let running = 0;
  node.register("hold", async () => {
    running++;
    if (running === 300) allRun.open();
    await context().sleep(60_000);
  });
  node.register("nest", async () => {
    const handler = context();
    const { call, signal: own } = handler;
    const nested = Array.from({ length: 100 }, () => failureOf(call("hold", [], { signal: own })));
    const sleeps = Array.from({ length: 100 }, () => failureOf(handler.sleep(60_000, { signal: own })));
    await Promise.all([...nested, ...sleeps]);
  });
  const states = Array.from({ length: 50 }, () => [client.status({ signal }), node.status({ signal })]).flat();
  const failures = Array.from({ length: 100 }, () => [
    failureOf(client.call("hold", [], { signal })),
    failureOf(node.call("hold", [], { signal })),
  ]).flat();
  failures.push(failureOf(client.call("nest", [], { signal })));
  await allRun.passed;
  controller.abort();
  for (const { code } of await Promise.all(failures)) expect(code).toBe("cancelled");
  for (const each of states) expect(await each.next()).toEqual({ done: true, value: undefined });
  expect(warnings).toEqual([]);
});
