/** Watchdog: real processes whose event loops are blocked, stand still with everything else, or are merely busy. */
import type { Worker } from "node:worker_threads";
import { createNode } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, offered, startNode } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { startProcess } from "../support/processes.js";

const loopBlockedMsMax = 1_000;

describe("a node whose event loop is blocked is ended, and says which handler it was in:", () => {
  test.each([
    ["spin for ever", /\n {4}at spin \(file:.*node-process\.ts:\d+:\d+\)\n {4}at .*/],
    ["await, then spin for ever", /\n {4}at spin \(file:.*node-process\.ts:\d+:\d+\)\n {4}at .*/],
    ["spin in code of the platform", /\n {4}at .+ \(node:internal.+\)\n/],
    ["stay in native code", /\n {4}at native code\n/],
  ])("%s", async (fun, at) => {
    const node = await startProcess({ name: "blocked", loopBlockedMsMax });
    const client = await clientOf(node, { reconnect: false });
    const failure = failureOf(client.call(fun));
    expect(await node.exit).toBe("SIGKILL");
    const words = `mpreg: the event loop of node "blocked" was blocked for longer than 1000 ms, in the handler of "${fun}" (step "${fun}", request `;
    expect(node.stderr()).toContain(words);
    expect(node.stderr()).toMatch(at);
    expect(told(await failure)).toMatchObject({ outcome: "unknown" });
  });
});

describe("a node is not ended", () => {
  test("that stood still as a whole, however long (D1)", async () => {
    const limits = { pingIntervalMs: 100, silenceMsMax: 1_500, redialMsMax: 20 };
    const entry = await startNode({ name: "entry", limits });
    const frozen = await startProcess({ name: "frozen", peers: [entry.url], limits, loopBlockedMsMax });
    await offered("memory", 1, entry);
    frozen.kill("SIGSTOP");
    await offered("memory", 0, entry); // after longer than its event loop may be blocked
    frozen.kill("SIGCONT");
    await offered("memory", 1, entry);
    expect(await entry.call("memory")).toBeGreaterThan(0);
    frozen.kill("SIGTERM");
    expect(await frozen.exit).toBe(0);
  });

  test("that a debugger may have stopped (D3)", async () => {
    const inspected = await startProcess({ loopBlockedMsMax: 300 }, ["--inspect=127.0.0.1:0"]);
    const client = await clientOf(inspected);
    await client.call("spin", [4_000]);
    inspected.kill("SIGTERM");
    expect(await inspected.exit).toBe(0);
  });

  test("that is busy without a pause with handlers that are short", async () => {
    const busy = await startProcess({ name: "busy", loopBlockedMsMax });
    const client = await clientOf(busy);
    const busyMs = 3 * loopBlockedMsMax;
    const eachMs = 10;
    const lanes = Array.from({ length: 4 }, async () => {
      for (let spentMs = 0; spentMs < busyMs / 4; spentMs += eachMs) await client.call("spin", [eachMs]);
    });
    await Promise.all(lanes);
    expect(await client.call("memory")).toBeGreaterThan(0);
    busy.kill("SIGTERM");
    expect(await busy.exit).toBe(0);
    expect(busy.stderr()).toBe("");
  });
});

test("close leaves no thread", async () => {
  const workers: Worker[] = [];
  const keep = (worker: Worker): void => void workers.push(worker);
  process.on("worker", keep);
  onTestFinished(() => void process.off("worker", keep));
  const node = await createNode({ loopBlockedMsMax });
  const unwatched = await createNode();
  await Promise.all([node.close(), unwatched.close()]);
  expect(workers.map(({ threadId }) => threadId)).toEqual([-1]);
});
