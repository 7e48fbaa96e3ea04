/** What a handler gets of its call: the figures of the call, its signal, and sleep. */
import { beforeEach, describe, expect, test } from "vitest";
import { type CallContext, abortError, context as currentContext } from "../../src/handlers/index.js";
import { TurnedClock, contextOf } from "../support/handler-context.js";

let host: TurnedClock;
let context: CallContext;

beforeEach(() => {
  host = new TurnedClock();
  context = contextOf("train", host);
});

/** What has become of a promise so far. */
function watch(promise: Promise<unknown>): { end: () => Promise<unknown> } {
  const pending = "pending";
  return { end: () => Promise.race([promise, Promise.resolve(pending)]).catch((reason: unknown) => reason) };
}

test("a context tells of its call and of the time left", () => {
  host.pass(400);
  expect(context).toMatchObject({
    fun: "train",
    step: "train#2",
    node: "here",
    request: "01234567-z",
    depth: 2,
    caller: { kind: "self" },
    nowMs: 400,
    remainingMs: 600,
    deadline: new Date(1_001_000),
  });
  host.pass(1_000);
  expect(context.remainingMs).toBe(0);
});

describe("the signal", () => {
  test("tells its listeners in the context of their handler", () => {
    let heard: unknown;
    context.signal.addEventListener("abort", () => {
      heard = currentContext();
    });
    context.abort(abortError("cancelled"));
    expect(heard).toBe(context);
  });

  test("is made when it is asked for (K1), also after the end, and then it is aborted already", () => {
    context.abort(abortError("deadline"));
    expect(host.signals).toBe(0);
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toMatchObject({ code: "deadline", message: "Nobody waits for the result: deadline" });
    expect(host.signals).toBe(1);
  });

  test("aborts once, with the first reason", () => {
    const { signal } = context;
    context.abort(abortError("cancelled"));
    context.abort(abortError("deadline"));
    expect(signal.reason).toMatchObject({ code: "cancelled" });
  });
});

describe("sleep", () => {
  test("ends when its time has come, not before, and can be taken out of the context", async () => {
    const { sleep: rest } = context;
    const slept = watch(rest(100));
    host.pass(99);
    expect(await slept.end()).toBe("pending");
    host.pass(1);
    expect(await slept.end()).toBeUndefined();
    expect(host.signals).toBe(0); // (K1)
  });

  test("rejects with the handler's reason as soon as nobody waits, and leaves no timer behind (K2)", async () => {
    const sleeps = [watch(context.sleep(100)), watch(context.sleep(200))];
    const reason = abortError("caller-gone");
    context.abort(reason);
    expect(await Promise.all(sleeps.map((sleep) => sleep.end()))).toEqual([reason, reason]);
    expect(host.timers.size).toBe(0);
    await expect(context.sleep(1)).rejects.toBe(reason);
  });

  test("that has ended hears nothing of a later abort (K2)", async () => {
    const slept = context.sleep(10);
    host.pass(10);
    context.abort(abortError("cancelled"));
    await expect(slept).resolves.toBeUndefined();
  });

  test("with a signal of one's own ends with that and not with the handler's", async () => {
    const controller = new AbortController();
    const slept = watch(context.sleep(100, { signal: controller.signal }));
    context.abort(abortError("cancelled"));
    expect(await slept.end()).toBe("pending");
    controller.abort("enough");
    expect(await slept.end()).toBe("enough");
    expect(host.timers.size).toBe(0);
    await expect(context.sleep(100, { signal: controller.signal })).rejects.toBe("enough");
  });

  test("without a signal (null) goes on whoever waits: for what has to be put in order at the end", async () => {
    context.abort(abortError("cancelled"));
    const slept = watch(context.sleep(100, { signal: null }));
    host.pass(100);
    expect(await slept.end()).toBeUndefined();
  });

  test("takes 0 ms, and refuses what is no duration", async () => {
    const slept = watch(context.sleep(0));
    host.pass(0);
    expect(await slept.end()).toBeUndefined();
    for (const durationMs of [-1, NaN, 2 ** 31, "5" as never]) {
      await expect(context.sleep(durationMs)).rejects.toMatchObject({
        code: "invalid-argument",
        message: `sleep takes a number of milliseconds from 0 to 2147483647, got ${durationMs}`,
      });
    }
  });
});
