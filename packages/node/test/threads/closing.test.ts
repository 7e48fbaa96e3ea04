/** The end of threads: of a function that is withdrawn, and of a node. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { startPair } from "../support/cluster.js";
import { Latch } from "../support/latch.js";
import { handlerModule, startActors } from "../support/threads.js";

/** The threads that are started from now on and run. */
function threadsAlive(): ReadonlySet<Worker> {
  const alive = new Set<Worker>();
  const started = (worker: Worker): void => {
    alive.add(worker);
    worker.once("exit", () => alive.delete(worker));
  };
  process.on("worker", started);
  onTestFinished(() => void process.off("worker", started));
  return alive;
}

test("the threads of a function that is withdrawn end when its last call has (P3)", async () => {
  const alive = threadsAlive();
  const { node, client, hasBegun } = await startActors();
  const ending = new AbortController();
  const last = failureOf(client.call("act", ["untilAborted"], { signal: ending.signal }));
  await hasBegun("untilAborted");
  node.unregister("act");
  expect(await client.call("echo", [1])).toBe(1);
  expect(alive.size).toBe(1);
  ending.abort();
  await last;
  await eventually("its thread has ended", () => alive.size === 0);
});

test("a call that is validated when its function is withdrawn leaves no thread, and is told so (P4)", async () => {
  const alive = threadsAlive();
  const [checks, decide] = [new Latch(), new Latch()];
  const input = z.string().refine(async () => {
    checks.open();
    await decide.passed;
    return true;
  });
  const { node, client } = await startPair();
  node.register("act", handlerModule, { threads: 1, export: "act", input });
  const call = failureOf(client.call("act", ["default"]));
  await checks.passed;
  node.unregister("act");
  decide.open();
  expect(await call).toMatchObject({ code: "no-provider", outcome: "not-applied" });
  await eventually("no thread is left", () => alive.size === 0);
});

test("a node that closes tells the handlers, and leaves no thread, not one that loops either (P4)", async () => {
  const alive = threadsAlive();
  const { node, client, hasBegun } = await startActors({ threads: { max: 2, abortGraceMs: 50 } });
  const calls = ["untilAborted", "loop"].map((what) => failureOf(client.call("act", [what])));
  await Promise.all([hasBegun("untilAborted"), hasBegun("loop")]);
  expect(alive.size).toBe(2);
  await node.close();
  await eventually("the thread that looped is gone, too", () => alive.size === 0);
  for (const failure of await Promise.all(calls)) expect(["closed", "node-lost"]).toContain(failure.code);
});

test("a process whose node is closed ends by itself", async () => {
  const program = fileURLToPath(new URL("modules/closing-node.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=mpreg-source", "--import", "tsx", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => {
    child.once("exit", resolve);
  });
  expect({ code, said }).toEqual({ code: 0, said: "default: x\nclosed\n" });
});
