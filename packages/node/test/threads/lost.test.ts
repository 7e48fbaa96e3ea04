/** Handlers that loop, crash, exit or never settle in their threads: only their own callers notice. */
import { CallContext } from "@mpreg/core/handlers";
import { MpregError } from "@mpreg/core/base";
import type { Asking, Invocation } from "@mpreg/core/rpc";
import { createCodec } from "@mpreg/core/values";
import { defaultLimits } from "../../src/options.js";
import { context } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { threadId } from "node:worker_threads";
import type { ResolvedThreads } from "../../src/threads/options.js";
import { ThreadPool } from "../../src/threads/pool.js";
import { contextHost } from "../../src/handlers.js";
import { utf8 } from "../../src/capabilities.js";
import { startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { startLog } from "../support/log.js";
import { handlerModule, startActors } from "../support/threads.js";

test.for(["loop", "loopLater"])(
  "a handler that loops (%s) ends with its thread after its deadline (C3)",
  async (what) => {
    const { client, hasBegun } = await startActors({ threads: { max: 1, abortGraceMs: 10 } });
    const before = await client.call<number>("act", ["where"]);
    let ended = false;
    const looping = failureOf(client.call("act", [what], { timeoutMs: 500 })).finally(() => (ended = true));
    await hasBegun(what);
    expect(await client.call("echo", ["free"])).toBe("free");
    expect(ended).toBe(false); // the node answers others while the handler loops
    expect(await looping).toMatchObject({ code: "deadline", outcome: "unknown" });
    const after = await eventually("another thread has taken its place", async () =>
      client.call<number>("act", ["where"], { timeoutMs: 5_000 }),
    );
    expect([before, threadId]).not.toContain(after);
  },
);

describe("a thread that ends while its handler runs", () => {
  test.for([
    ["exit", "worker exited with code: 7"],
    ["crash", "thrown where nobody catches"],
    ["fill", "it needed more than 64 MiB of memory (threads.memoryMiBMax)"],
  ] as const)("is told to its caller and replaced: %s (C1)", async ([what, why]) => {
    const { client } = await startActors({ threads: { max: 1, memoryMiBMax: 64 } });
    const before = await client.call<number>("act", ["where"]);
    const failure = await failureOf(client.call("act", [what, 7], { timeoutMs: 20_000 }));
    expect(failure).toMatchObject({ code: "thread-lost", outcome: "unknown", step: "act", node: "solo" });
    expect(failure.message).toBe(`The thread that ran "act" was lost: ${why}; whether the call took effect is unknown`);
    const after = await client.call<number>("act", ["where"]);
    expect([before, threadId]).not.toContain(after);
  });

  test("leaves the calls in other threads alone", async () => {
    const { client, hasBegun } = await startActors({ threads: 2 });
    const ending = new AbortController();
    const other = failureOf(client.call("act", ["untilAborted"], { signal: ending.signal }));
    await hasBegun("untilAborted");
    expect(await failureOf(client.call("act", ["exit", 1]))).toMatchObject({ code: "thread-lost" });
    expect(await client.call("act", ["count"])).toBe(1);
    ending.abort();
    expect(await other).toMatchObject({ code: "cancelled" });
  });

  test("is run again in another, if its function is idempotent (D8)", async () => {
    const { node, client } = await startPair();
    let runs = 0;
    node.register("started", () => ++runs);
    node.register("exit once", handlerModule, { threads: 1, export: "exitOnce", idempotent: true });
    expect(await client.call("exit once")).toBe("answered by run 2");
  });

  test("takes the nested calls with it that it has under way (C5)", async () => {
    const { node, client } = await startPair();
    const waiting = new Latch();
    const aborted = new Latch();
    node.register("wait", async () => {
      context().signal.addEventListener("abort", () => {
        aborted.open();
      });
      waiting.open();
      await aborted.passed;
    });
    node.register("is waiting", () => waiting.passed);
    node.register("f", handlerModule, { threads: 1, export: "exitWhileCalling" });
    expect(await failureOf(client.call("f"))).toMatchObject({ code: "thread-lost" });
    await aborted.passed;
  });
});

describe("when nobody waits any more", () => {
  test("the handler hears it, and keeps its thread when it ends in time (C3)", async () => {
    const { client, hasBegun } = await startActors();
    const thread = await client.call("act", ["where"]);
    const ending = new AbortController();
    const call = failureOf(client.call("act", ["untilAborted"], { signal: ending.signal }));
    await hasBegun("untilAborted");
    ending.abort();
    expect(await call).toMatchObject({ code: "cancelled", outcome: "unknown" });
    const heard = await eventually("the thread is free", () => client.call("act", ["lastHeard"]));
    expect(heard).toEqual({ heard: "cancelled", threadId: thread });
  });

  test("a handler that does not end in time loses its thread (C3)", async () => {
    const { client, hasBegun } = await startActors({ threads: { max: 1, abortGraceMs: 1 } });
    const thread = await client.call("act", ["where"]);
    const ending = new AbortController();
    const call = failureOf(client.call("act", ["never"], { signal: ending.signal }));
    await hasBegun("never");
    ending.abort();
    expect(await call).toMatchObject({ code: "cancelled", outcome: "unknown" });
    const after = await eventually("another thread has taken its place", () => client.call("act", ["where"]));
    expect(after).not.toBe(thread);
  });
});

test("a call that is cancelled when its thread has only just got it leaves the thread alone (C3)", async () => {
  const pool = startPool("where", { min: 1, max: 1, memoryMiBMax: undefined, abortGraceMs: 60_000, loadMsMax: 60_000 });
  const where = await endOf(pool);
  const context = startContext();
  const cancelled = endOf(pool, context);
  context.abort(new MpregError("cancelled", "The caller cancelled"));
  expect(await cancelled).toMatchObject({ code: "cancelled", outcome: "not-applied" });
  expect(await endOf(pool)).toEqual(where);
});

test("threads that do not start are told to callers at once, and tried anew (P2)", async () => {
  const { log, lines } = startLog("error");
  const tooLittle = { min: 1, max: 1, memoryMiBMax: 1, abortGraceMs: 0, loadMsMax: 60_000 };
  const pool = startPool("default", tooLittle, log);
  for (let call = 0; call < 2; call++) {
    expect(await endOf(pool)).toMatchObject({ code: "no-provider", outcome: "not-applied" });
  }
  expect(lines.length).toBeGreaterThan(0);
});

/** The threads of a function that asks nothing. */
function startPool(exportName: string, threads: ResolvedThreads, log = startLog("error").log): ThreadPool {
  const asking = (): Asking => ({}) as Asking;
  const host = { nodeName: "here", limits: defaultLimits, exposeStacks: false, log, asking };
  const pool = new ThreadPool({ fun: "f", module: handlerModule, exportName, threads }, host, () => undefined);
  onTestFinished(() => pool.close());
  return pool;
}

/** How a call ends that the pool runs. */
function endOf(pool: ThreadPool, context = startContext()): Promise<unknown> {
  return new Promise((resolve) => {
    pool.run(invocation, context, resolve, resolve);
  });
}

function startContext(): CallContext {
  const callerOf = (): never => {
    throw new Error("it calls nothing");
  };
  return new CallContext(
    invocation,
    contextHost("here", startLog("error").log, createCodec(utf8), {
      callerOf,
      publish: callerOf,
      ask: callerOf,
      report: () => undefined,
      startBatch: () => undefined,
    }),
  );
}

const invocation: Invocation = {
  id: 1,
  fun: "f",
  version: undefined,
  template: createCodec(utf8).encode([], "args"),
  bound: [],
  startedMs: 0,
  deadlineMs: Infinity,
  depth: 0,
  request: 1,
  coordinator: "here",
  step: "f",
  caller: { kind: "self" },
  connection: 0,
  timings: false,
  terms: undefined,
};
