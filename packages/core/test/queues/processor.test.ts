import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { Clock, QueueHost } from "../../src/program/index.js";
import { Holders, QueueAsking, queuesFunction, receiveSurely } from "../../src/program/index.js";
import { QueueChecks } from "../../src/program/queues/checks.js";
import { Processor } from "../../src/program/queues/processor.js";
import { resultOf } from "../../src/program/queues/results.js";
import { SettleLine } from "../../src/program/queues/settle-line.js";
import type { QueueOperation, ReceivedMessage } from "../../src/queues/index.js";

interface Asked {
  readonly operation: QueueOperation;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** A processor whose queue is the test: what it asks is answered by hand. */
function start(
  options: { concurrency: number; prefetch?: number; absent?: "wait" | "end" },
  handler: () => unknown,
  onError?: (error: unknown, message?: unknown) => void,
) {
  const asked: Asked[] = [];
  const timers: { readonly callback: () => void; readonly ms: number }[] = [];
  const cleared: unknown[] = [];
  const time = { nowMs: 0, looks: 0 };
  let ids = 0;
  const clock: Clock = {
    now: () => time.nowMs,
    wallMs: () => 0,
    setTimer: (callback, ms) => timers.push({ callback, ms }),
    clearTimer: (timer) => void cleared.push(timer),
    endOfTurn: (callback) => {
      queueMicrotask(() => {
        queueMicrotask(callback); // behind what is settled in this turn
      });
    },
  };
  const aborts: AbortController[] = [];
  const host = {
    codec: {
      decode: (bytes: unknown) => {
        if (bytes instanceof Uint8Array) return bytes[0];
        throw new Error("no value");
      },
    } as unknown as QueueHost["codec"],
    clock,
    createAbort: () => {
      const controller = new AbortController();
      aborts.push(controller);
      return controller;
    },
    holders: new Holders(),
    entry: () => undefined,
    newId: () => `id${++ids}`,
    call: (fun: string, [operation]: readonly unknown[]) =>
      fun === queuesFunction
        ? Promise.reject(new MpregError("not-connected", `look ${++time.looks}: nobody tells where the queue is`))
        : new Promise<unknown>((answer, fail) => asked.push({ operation: operation as QueueOperation, answer, fail })),
  } satisfies QueueHost;
  const asking = new QueueAsking("jobs", host, undefined, undefined);
  const settlers = { line: new SettleLine(asking), checks: new QueueChecks("jobs", {}) };
  const processor = new Processor(asking, settlers, handler, { ...options, onError });
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  return { asked, aborts, asking, timers, cleared, time, processor, settled };
}

function messages(count: number): ReceivedMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${index}`,
    body: Uint8Array.of(index),
    receipt: `r${index}`,
    sequence: BigInt(index),
    receives: 1,
    sentMs: 0,
    firstReceivedMs: 0,
    visibleForMs: 30_000,
  }));
}

const opsOf = (asked: readonly Asked[]): string[] =>
  asked.map(({ operation }) => {
    if (operation.op === "receive") return `receive ${operation.max}`;
    return operation.op === "ack" ? `ack ${operation.receipts.length}` : operation.op;
  });

test("what short handlers have done is acknowledged in one operation, and received anew in one (P6)", async () => {
  const { asked, settled } = start({ concurrency: 8 }, () => undefined);
  expect(opsOf(asked)).toEqual(["receive 16"]);
  asked[0]?.answer(messages(16));
  await settled();
  expect(opsOf(asked)).toEqual(["receive 16", "ack 8"]); // there is no room for half of what is leased ahead
  asked[1]?.answer(Array.from({ length: 8 }, () => ({ kind: "done" })));
  await settled();
  expect(opsOf(asked).slice(2).sort()).toEqual(["ack 8", "receive 8"]);
});

test("a worker that takes one at a time and leases none ahead asks as soon as it is free (P6)", async () => {
  const { asked, settled } = start({ concurrency: 1, prefetch: 0 }, () => undefined);
  asked[0]?.answer(messages(1));
  await settled();
  asked[1]?.answer([{ kind: "done" }]);
  await settled();
  expect(opsOf(asked)).toEqual(["receive 1", "ack 1", "receive 1"]);
});

test("a signal is made for handlers that look at it, and says that its processor was closed, also where it is looked at late", async () => {
  const ends: (() => void)[] = [];
  const contexts: { readonly signal: { readonly aborted: boolean } }[] = [];
  const handler = (...[, context]: unknown[]): Promise<void> => {
    contexts.push(context as (typeof contexts)[0]);
    return new Promise((resolve) => ends.push(resolve));
  };
  const { asked, aborts, processor, settled } = start({ concurrency: 2 }, handler);
  asked[0]?.answer(messages(2));
  await settled();
  const made = aborts.length;
  expect(contexts[0]?.signal.aborted).toBe(false);
  expect(aborts.length).toBe(made + 1);
  void processor.close();
  expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  for (const end of ends) end();
  await settled();
});

test("what onError throws ends the processor, once its handlers have ended", async () => {
  const thrown = new Error("what onError throws");
  const handler = (): void => {
    throw new Error("what the handler throws");
  };
  const { asked, processor, settled } = start({ concurrency: 1 }, handler, () => {
    throw thrown;
  });
  asked[0]?.answer(messages(1));
  await settled();
  await expect(processor.closed).rejects.toBe(thrown);
});

async function eventsOf(processor: Processor<unknown, unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of processor.status()) events.push(event);
  return events;
}

test("what a handler throws is told with its message, and why the release could not be made; the release has it as its error (P7)", async () => {
  const thrown = new Error("no paper");
  const told: unknown[] = [];
  const handler = (): void => {
    throw thrown;
  };
  const { asked, processor, settled } = start({ concurrency: 1 }, handler, (error, message) => {
    told.push([error, (message as { id: string }).id]);
  });
  const events = eventsOf(processor);
  asked[0]?.answer(messages(1));
  await settled();
  expect(asked[1]?.operation).toMatchObject({ op: "release", error: "no paper" });
  const lost = new MpregError("node-lost", "gone");
  asked[1]?.fail(lost);
  await settled();
  void processor.close();
  asked[2]?.answer([]);
  await processor.closed;
  expect(told).toEqual([
    [thrown, "0"],
    [lost, "0"],
  ]);
  const about = { id: "0" };
  expect(await events).toMatchObject([
    { kind: "failed", message: about, error: thrown },
    { kind: "failed", message: about, error: lost },
    { kind: "ended", error: undefined },
  ]);
});

test("a queue that cannot be received from is told of once as long as that lasts, each try in the status, and what ends it (P7)", async () => {
  const told: unknown[] = [];
  const { asked, processor, settled, timers } = start(
    { concurrency: 1, prefetch: 0 },
    () => undefined,
    (error, message) => {
      told.push([error, message]);
    },
  );
  const events = eventsOf(processor);
  const unknown = new MpregError("unknown-queue", "nobody has it");
  const again = async (): Promise<void> => {
    await settled();
    timers.shift()?.callback();
    await settled();
  };
  asked[0]?.fail(unknown);
  await again();
  asked[1]?.fail(unknown);
  await again();
  expect(told).toEqual([[unknown, undefined]]);
  asked[2]?.answer([]);
  await settled();
  asked[3]?.fail(unknown);
  await again();
  expect(told).toHaveLength(2);
  const denied = new MpregError("denied", "not yours");
  asked[4]?.fail(denied);
  await expect(processor.closed).rejects.toBe(denied);
  expect(told[2]).toEqual([denied, undefined]);
  expect(await events).toEqual([
    { kind: "interrupted", error: unknown, retryMs: 100 },
    { kind: "interrupted", error: unknown, retryMs: 200 },
    { kind: "resumed" },
    { kind: "interrupted", error: unknown, retryMs: 100 },
    { kind: "ended", error: denied },
  ]);
  expect(await eventsOf(processor)).toEqual([{ kind: "ended", error: denied }]); // who comes late hears why
});

test("a processor that is to end where no node has its queue does so, too, where its node was lost before (P10)", async () => {
  const { asked, processor, settled, timers } = start(
    { concurrency: 1, prefetch: 0, absent: "end" },
    () => undefined,
    () => undefined,
  );
  asked[0]?.fail(new MpregError("node-lost", "gone"));
  await settled();
  timers.shift()?.callback();
  await settled();
  asked[1]?.fail(new MpregError("unknown-queue", "nobody has it", { reason: "absent" }));
  await settled();
  expect(timers).toEqual([]); // it does not try again
  await expect(processor.closed).rejects.toMatchObject({ code: "unknown-queue" });
});

test("the nodes are asked again after a minute for a queue that none of them has: it may be deleted meanwhile, and its processor waited on (P10)", async () => {
  const { asked, processor, settled, timers, cleared, time } = start({ concurrency: 1, prefetch: 0 }, () => undefined);
  const failed = async (): Promise<number> => {
    asked.at(-1)?.fail(new MpregError("unknown-queue", "nobody has it", { reason: "absent" }));
    await settled();
    const { looks } = time;
    timers.shift()?.callback();
    await settled();
    return looks;
  };
  const once = await failed();
  expect(once).toBeGreaterThan(0);
  time.nowMs = 59_999;
  expect(await failed()).toBe(once);
  time.nowMs = 60_000;
  expect(await failed()).toBe(2 * once);
  asked.at(-1)?.fail(new MpregError("node-lost", "gone"));
  await settled();
  void processor.close();
  await processor.closed;
  expect(cleared).toEqual([1]); // and the pause is over: it would keep the process
});

test("a message that is no value is released with why, and told (P7)", async () => {
  const told: unknown[] = [];
  const { asked, processor, settled } = start(
    { concurrency: 1 },
    () => undefined,
    (error) => told.push(error),
  );
  const events = eventsOf(processor);
  asked[0]?.answer([{ ...messages(1)[0], body: "broken" }]);
  await settled();
  expect(asked.map(({ operation }) => operation)).toContainEqual(
    expect.objectContaining({ op: "release", error: "no value" }),
  );
  expect(told).toEqual([new Error("no value")]);
  for (const { operation, answer } of asked) answer(operation.op === "receive" ? [] : [{ kind: "done" }]);
  await processor.close();
  expect((await events)[0]).toMatchObject({ kind: "unreadable", id: "0" });
});

test("an owner that is away is told once for each message, and not again where its release fails, too (P7)", async () => {
  const told: unknown[] = [];
  const away = (): MpregError => new MpregError("no-provider", "its owner is away");
  for (const [again, count] of [
    [away(), 1],
    [new MpregError("denied", "not any more"), 2],
  ] as const) {
    told.length = 0;
    const { asked, processor, settled } = start(
      { concurrency: 1, prefetch: 0 },
      () => undefined,
      (error) => told.push(error),
    );
    const events = eventsOf(processor);
    asked[0]!.answer(messages(1));
    await settled();
    asked.at(-1)!.fail(away());
    await settled();
    expect(asked.at(-1)!.operation.op).toBe("release");
    asked.at(-1)!.fail(again);
    await settled();
    expect(told).toHaveLength(count);
    void processor.close();
    asked.at(-1)!.answer([]);
    await processor.closed;
    expect((await events).filter((event) => (event as { kind: string }).kind === "failed")).toHaveLength(count);
  }
});

const lostNode = (): MpregError => new MpregError("node-lost", "its node is lost", { outcome: "unknown" });
/** What is much is fetched, and its node may be gone by then. */
const lostResult = (): MpregError => new MpregError("result-lost", "its node is gone", { outcome: "applied" });
const losses = [
  ["before it came", lostNode],
  ["while it was fetched", lostResult],
] as const;

test.for(losses)(
  "a receive whose answer was lost %s is asked again as the same attempt, the next one as another (P8)",
  async ([, lost]) => {
    const { asked, processor, settled, timers } = start({ concurrency: 1, prefetch: 0 }, () => undefined);
    asked[0]!.fail(lost());
    await settled();
    timers.at(-1)?.callback();
    asked[1]!.answer([]);
    await settled();
    const attempts = asked.map(({ operation }) => (operation.op === "receive" ? operation.attempt : undefined));
    expect(attempts).toEqual(["id1", "id1", "id2"]);
    void processor.close();
    asked[2]!.answer([]);
    await processor.closed;
  },
);

test("who waits for a result that was lost while it was fetched asks again: the queue has it still", async () => {
  const { asked, asking, processor, settled, timers } = start({ concurrency: 1 }, () => undefined);
  const result = resultOf(asking, "mine", {});
  asked[1]!.fail(lostResult());
  await settled();
  timers.at(-1)?.callback();
  expect(asked[2]?.operation).toEqual(asked[1]!.operation);
  asked[2]!.answer({ kind: "done", value: Uint8Array.of(7) });
  expect(await result).toBe(7);
  void processor.close();
  asked[0]!.answer([]);
  await processor.closed;
});

test.for([new MpregError("deadline", "too late", { outcome: "unknown" }), lostResult()])(
  "a receive whose time is over ($code) gives back what its attempt may have got: its answer may be on its way (R3)",
  async (late) => {
    const { asked, asking, processor, settled, time } = start({ concurrency: 1 }, () => undefined);
    const wish = { op: "receive", max: 3, waitMs: 1_000, attempt: "mine" } as const;
    const received = expect(receiveSurely(asking, wish, { timeoutMs: 500 })).rejects.toMatchObject({ code: late.code });
    time.nowMs = 450;
    asked[1]!.fail(late);
    await received;
    expect(asked[2]!.operation).toEqual({ op: "release", receipts: [], attempt: "mine", delayMs: 0, uncounted: true });
    asked[2]!.answer([]);
    await settled();
    void processor.close();
    asked[0]!.answer([]);
    await processor.closed;
  },
);

test.for(losses)(
  "a receive by hand asks again as the same attempt while answers are lost %s, and tells the last error (R1, R2)",
  async ([, lost]) => {
    const { asked, asking, processor, settled, timers } = start({ concurrency: 1 }, () => undefined);
    const wish = { op: "receive", max: 3, waitMs: 1_000, attempt: "mine" } as const;
    const received = receiveSurely(asking, wish, { timeoutMs: 5_000 });
    asked[1]!.fail(lost());
    await settled();
    timers.at(-1)?.callback();
    await settled();
    expect(asked[2]!.operation).toEqual(wish);
    asked[2]!.answer(messages(1));
    expect(await received).toHaveLength(1);
    const inVain = expect(receiveSurely(asking, wish, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: lost().code,
    });
    for (let tries = 0; tries < 3; tries++) {
      asked.at(-1)!.fail(lost());
      await settled();
      timers.at(-1)?.callback();
      await settled();
    }
    await inVain;
    expect(asked.filter(({ operation }) => operation.op === "receive")).toHaveLength(6);
    const refused = receiveSurely(asking, wish, { timeoutMs: 5_000 });
    asked.at(-1)!.fail(new MpregError("denied", "not for you"));
    await expect(refused).rejects.toMatchObject({ code: "denied" });
    void processor.close();
    asked[0]!.answer([]);
    await processor.closed;
  },
);

test("a receive that is given up gives back what was leased to it meanwhile, as does a processor that ends (R3)", async () => {
  const { asked, asking, processor, settled } = start({ concurrency: 1 }, () => undefined);
  const abort = new AbortController();
  const cancelled = new MpregError("cancelled", "given up", { outcome: "unknown" });
  const wish = { op: "receive", max: 3, waitMs: 1_000, attempt: "mine", subscription: "s" } as const;
  const received = receiveSurely(asking, wish, { timeoutMs: 5_000, signal: abort.signal });
  abort.abort();
  asked[1]!.fail(cancelled);
  await expect(received).rejects.toBe(cancelled);
  const back = { op: "release", receipts: [], delayMs: 0, uncounted: true };
  expect(asked[2]!.operation).toEqual({ ...back, attempt: "mine", subscription: "s" });
  void processor.close();
  asked[0]!.fail(cancelled);
  await processor.closed;
  expect(asked[3]!.operation).toEqual({ ...back, attempt: "id1" });
  await settled();
});

test("what comes while its program closes is given back, and nobody's: the program worked on what others had received, too (R3)", async () => {
  const { asked, asking } = start({ concurrency: 1 }, () => undefined);
  const wish = { op: "receive", max: 3, waitMs: 1_000, attempt: "mine" } as const;
  const received = receiveSurely(asking, wish, { timeoutMs: 5_000 });
  void asking.host.holders.leave();
  expect(asked.map(({ operation }) => operation)).toContainEqual(
    expect.objectContaining({ op: "release", attempt: "mine" }),
  );
  asked[1]!.answer(messages(2));
  expect(await received).toEqual([]);
});

test("a receive goes on where a node is closed in good order, as where it crashes: loops ended with every restart (R1)", async () => {
  const { asked, asking, settled, timers } = start({ concurrency: 1 }, () => undefined);
  const wish = { op: "receive", max: 3, waitMs: 1_000, attempt: "mine" } as const;
  const received = receiveSurely(asking, wish, { timeoutMs: 5_000 });
  asked[1]!.fail(new MpregError("closed", "the node is closing", { outcome: "unknown" }));
  await settled();
  timers.at(-1)?.callback();
  await settled();
  expect(asked[2]?.operation).toEqual(wish);
  asked[2]?.answer(messages(1));
  expect(await received).toHaveLength(1);
});
