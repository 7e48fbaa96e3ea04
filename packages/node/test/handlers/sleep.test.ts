/** `context().sleep` on a real node. What it does in detail is tested on a clock that the test turns, in the core. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("context().sleep", () => {
  test("lets real time pass", async () => {
    const { node, client } = await startPair();
    node.register("nap", async (durationMs: number) => {
      const { nowMs } = context();
      await context().sleep(durationMs);
      return context().nowMs - nowMs;
    });
    expect(await client.call("nap", [30])).toBeGreaterThan(28); // a timer may be early by its rounding
  });

  test("ends when the node closes, with its reason, however many there are", async () => {
    const { node } = await startPair();
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", warned);
    const [running, ended] = [new Latch(), new Latch<readonly unknown[]>()];
    node.register("nap", async () => {
      const here = context();
      const naps = Array.from({ length: 20 }, () => here.sleep(3_600_000).catch((reason: unknown) => reason));
      running.open();
      ended.open((await Promise.all(naps)).map((reason) => reason === here.signal.reason));
    });
    const failure = failureOf(node.call("nap"));
    await running.passed;
    await node.close();
    expect(await failure).toMatchObject({ code: "closed" });
    expect(await ended.passed).toEqual(Array.from({ length: 20 }, () => true));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });
});
