/** Batches: calls that are folded into one invocation of their handler. */
import { beforeEach, expect, test } from "vitest";
import { CallContext, abortError, context } from "../../src/handlers/index.js";
import { Batch } from "../../src/handlers/batch.js";
import { collectGarbage } from "../support/garbage.js";
import { TurnedClock, invocationOf } from "../support/handler-context.js";

let host: TurnedClock;
/** What the handler was given, batch by batch. */
let batches: unknown[][];

beforeEach(() => {
  host = new TurnedClock();
  batches = [];
});

function callOf(deadlineMs = 1_000): CallContext {
  return new CallContext({ ...invocationOf("embed"), deadlineMs }, host);
}

function batchOf(
  answer: (calls: readonly unknown[][]) => unknown = (calls) => calls.map(([value]) => value),
  terms: { itemsMax?: number; waitMs?: number } = {},
): Batch {
  const handler = (calls: unknown[][]): unknown => {
    batches.push(calls);
    return answer(calls);
  };
  return new Batch("embed", handler, { itemsMax: 3, waitMs: 0, ...terms });
}

function addAll(batch: Batch, values: readonly unknown[]): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(values.map((value) => batch.add([value], callOf())));
}

test("calls that come together are given to the handler at once, in their order, at most as many as it takes (B1)", async () => {
  const batch = batchOf();
  const results = addAll(batch, ["a", "b", "c", "d", "e"]);
  expect(batches).toEqual([[["a"], ["b"], ["c"]]]); // full: it does not wait
  host.pass(0);
  expect((await results).map((each) => each.status === "fulfilled" && each.value)).toEqual(["a", "b", "c", "d", "e"]);
  expect(batches).toEqual([
    [["a"], ["b"], ["c"]],
    [["d"], ["e"]],
  ]);
  expect(host.timers.size).toBe(0);
});

test("a batch waits for others as long as it was told, from its first call on", async () => {
  const batch = batchOf(undefined, { waitMs: 10 });
  const first = batch.add([1], callOf());
  host.pass(9);
  const second = batch.add([2], callOf());
  expect(host.timers.size).toBe(1);
  expect(batches).toEqual([]);
  host.pass(1);
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  expect(batches).toEqual([[[1], [2]]]);
  const later = batch.add([3], callOf());
  host.pass(10);
  expect(await later).toBe(3); // a new batch begins with the next call
});

test("an error in the place of a result is that call's alone (B2)", async () => {
  const reason = new RangeError("too long");
  const batch = batchOf(() => ["one", reason, { error: "a value like any other" }]);
  const [one, two, three] = await addAll(batch, [1, 2, 3]);
  expect(one).toEqual({ status: "fulfilled", value: "one" });
  expect(two).toMatchObject({ status: "rejected", reason: { cause: reason } });
  expect(three).toEqual({ status: "fulfilled", value: { error: "a value like any other" } });
});

test.each([
  [["only one"], "an array of 1"],
  [[1, 2, 3, 4], "an array of 4"],
  [undefined, "undefined"],
  [{ length: 3 }, "object"],
])("an answer of %j fails all calls and says what it must be (B2)", async (answer, got) => {
  const settled = await addAll(
    batchOf(() => answer),
    [1, 2, 3],
  );
  const message = `"embed" answered a batch of 3 with ${got}; it must be an array with one result for each call, in order`;
  const reason: unknown = expect.objectContaining({ code: "handler-error", outcome: "applied", message });
  expect(settled).toEqual([1, 2, 3].map(() => ({ status: "rejected", reason })));
});

test("what the handler throws fails all calls of its batch, and none of the next", async () => {
  let fails = true;
  const batch = batchOf((calls) => {
    if (!fails) return calls.map(() => "fine");
    throw new Error("no connection");
  });
  const settled = await addAll(batch, [1, 2, 3]);
  const cause: unknown = expect.objectContaining({ message: "no connection" });
  expect(settled).toMatchObject([1, 2, 3].map(() => ({ status: "rejected", reason: { cause } })));
  fails = false;
  expect(await addAll(batch, [1, 2, 3])).toMatchObject([{ value: "fine" }, { value: "fine" }, { value: "fine" }]);
});

test("a call that nobody waits for any more leaves its batch at once, the last one with the timer (B3)", async () => {
  const batch = batchOf(undefined, { itemsMax: 2, waitMs: 60_000 });
  const cancelled = abortError("cancelled");
  const [gone, kept] = [callOf(), callOf()];
  const left = Promise.allSettled([batch.add(["gone"], gone)]);
  gone.abort(cancelled);
  expect(host.timers.size).toBe(0); // or it would keep a process that has closed its node
  expect(await left).toEqual([{ status: "rejected", reason: cancelled }]);
  const also = callOf();
  const outcome = Promise.allSettled([batch.add(["kept"], kept), batch.add(["late"], gone)]);
  expect(batches).toEqual([]); // neither counts
  host.pass(60_000);
  expect(await outcome).toEqual([
    { status: "fulfilled", value: "kept" },
    { status: "rejected", reason: cancelled },
  ]);
  const three = Promise.allSettled([batch.add([1], gone), batch.add([2], also), batch.add([3], callOf())]);
  also.abort(cancelled); // it runs
  expect((await three).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect(batches).toEqual([[["kept"]], [[2], [3]]]);
});

test("the handler has the time of the call that has most, and aborts with the last of them (B4, K3)", async () => {
  const seen: { remainingMs: number; signal: AbortSignal }[] = [];
  let about: readonly unknown[] = [];
  const handler = async (calls: unknown[][], each: readonly unknown[]): Promise<unknown[]> => {
    const { remainingMs, signal, sleep: letPass } = context();
    about = each;
    seen.push({ remainingMs, signal: signal });
    await letPass(50);
    return calls;
  };
  const batch = new Batch("embed", handler, { itemsMax: 2, waitMs: 0 });
  const [short, long] = [callOf(100), callOf(700)];
  const ends = Promise.allSettled([batch.add([1], short), batch.add([2], long)]);
  expect(seen[0]?.remainingMs).toBe(700);
  expect(about).toEqual([short, long]);
  short.abort(abortError("deadline"));
  expect(seen[0]?.signal.aborted).toBe(false);
  long.abort(abortError("caller-gone"));
  expect(seen[0]?.signal.reason).toMatchObject({ message: "Nobody waits for the result: caller-gone" });
  const reason = { cause: { message: "Nobody waits for the result: caller-gone" } }; // what has begun ends as its handler does
  expect(await ends).toMatchObject([
    { status: "rejected", reason },
    { status: "rejected", reason },
  ]);
  expect(host.timers.size).toBe(0);
});

test("a call is kept from beginning until its batch closes, and not after (K4)", () => {
  const contexts = [callOf(), callOf()] as const;
  const batch = batchOf(undefined, { waitMs: 10 });
  const calls = contexts.map((each, index) => batch.add([index], each));
  expect(contexts[0].revoke()).toBe(true);
  contexts[0].abort(abortError("deadline"));
  host.pass(10);
  expect(batches).toEqual([[[1]]]);
  expect(contexts[1].revoke()).toBe(false);
  return expect(Promise.all(calls)).rejects.toMatchObject({ code: "deadline", outcome: "not-applied" });
});

test("nothing of a call is held when its batch has been answered (B5)", async () => {
  const batch = batchOf();
  const add = async (): Promise<WeakRef<object>> => {
    const large = {};
    const answer = batch.add([large], callOf());
    host.pass(0);
    expect(await answer).toBe(large);
    return new WeakRef(large);
  };
  const held = await add();
  batches = [];
  await collectGarbage();
  expect(held.deref()).toBeUndefined();
});
