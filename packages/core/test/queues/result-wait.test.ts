/** Waiting for a result where the queue does not answer. */
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { QueueAsking } from "../../src/program/index.js";
import type { QueueHost } from "../../src/program/index.js";
import { resultOf, sendAndWait } from "../../src/program/queues/results.js";
import type { QueueOperation } from "../../src/queues/index.js";

/** A queue that answers nothing: each call is over when its own time is, and one that has none never is. */
function silentQueue() {
  let nowMs = 0;
  const asked: { readonly op: string; readonly timeoutMs: number | undefined }[] = [];
  const clock = {
    now: () => nowMs,
    setTimer: (callback: () => void) => {
      queueMicrotask(callback);
      return 0;
    },
    clearTimer: () => undefined,
  };
  const call = (_: string, [operation]: readonly unknown[], { timeoutMs }: { readonly timeoutMs?: number }) => {
    asked.push({ op: (operation as QueueOperation).op, timeoutMs });
    nowMs += timeoutMs ?? Infinity;
    return Promise.reject(new MpregError("deadline", "no answer", { outcome: "unknown" }));
  };
  const asking = new QueueAsking("jobs", { clock, call } as unknown as QueueHost, undefined, undefined);
  return { asking, asked, now: () => nowMs };
}

const late = { code: "deadline", outcome: "unknown" };

test("a result is not waited for longer than is allowed, though the queue does not answer (R4)", async () => {
  const { asking, asked, now } = silentQueue();
  await expect(resultOf(asking, "m", { timeoutMs: 500 })).rejects.toMatchObject(late);
  expect([asked, now()]).toEqual([[{ op: "result", timeoutMs: 500 }], 500]);
});

test("who would have a message withdrawn in the end hears that nobody knows, where the queue does not answer that either (R4)", async () => {
  const { asking, asked } = silentQueue();
  const send = () => Promise.resolve({ id: "m", sequence: 1n, duplicate: false });
  const waits = sendAndWait(asking, send, { signal: undefined, timeoutMs: 500, withdraw: true });
  await expect(waits).rejects.toMatchObject(late);
  expect(asked).toEqual([
    { op: "result", timeoutMs: 500 },
    { op: "withdraw", timeoutMs: 2_000 },
  ]);
});

test.each([undefined, 60_000])(
  "a queue whose node drains, and which does not wait any more, is asked again after a pause: timeoutMs %s (R1)",
  async (timeoutMs) => {
    let nowMs = 0;
    const askedAt: number[] = [];
    const clock = {
      now: () => nowMs,
      setTimer: (callback: () => void, ms: number) => {
        queueMicrotask(() => {
          nowMs += ms;
          callback();
        });
        return 0;
      },
      clearTimer: () => undefined,
    };
    const call = () => Promise.resolve({ kind: askedAt.push(nowMs) < 4 ? "waiting" : "done", value: undefined });
    const asking = new QueueAsking("jobs", { clock, call } as unknown as QueueHost, undefined, undefined);
    await resultOf(asking, "m", timeoutMs === undefined ? {} : { timeoutMs });
    expect(askedAt).toEqual([0, 100, 200, 300]);
  },
);
