/** One call of a handler: what is measured of it, and when it begins. What callers get is tested on nodes. */
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import {
  type AnyHandler,
  type CallContext,
  type ExecuteHost,
  FunctionTable,
  type RegisterOptions,
  type StreamHost,
  abortError,
  execute,
} from "../../src/handlers/index.js";
import type { Timings } from "../../src/wire/index.js";
import { TurnedClock, contextOf, invocationOf } from "../support/handler-context.js";
import { semver } from "../support/semver.js";
import { codec } from "../support/requests.js";

/** No handler here makes any. */
const streams: StreamHost = { opened: () => expect.unreachable(), made: () => expect.unreachable() };

interface Started {
  readonly runsOn: boolean;
  readonly context: CallContext;
  readonly ends: { readonly result: Uint8Array | MpregError; readonly timings: Timings }[];
}

/** Starts a call of `handler` with `args`, which has waited since `startedMs`. */
function start(
  handler: AnyHandler,
  args: readonly unknown[],
  given: { readonly host?: TurnedClock; readonly startedMs?: number; readonly options?: RegisterOptions } = {},
): Started {
  const { host = new TurnedClock(), startedMs = 0, options } = given;
  const functions = new FunctionTable({
    name: "here",
    semver,
    resources: [],
    messageBytesMax: 1_000,
    checkOpen: () => undefined,
    registered: () => undefined,
    unregistered: () => undefined,
  });
  functions.register("f", handler, options);
  const ends: Started["ends"] = [];
  const executeHost: ExecuteHost = {
    codec,
    exposeStacks: false,
    now: () => host.nowMs,
    streams,
    ended: (_invocation, result, timings) => void ends.push({ result, timings }),
  };
  const invocation = { ...invocationOf("f"), startedMs, template: codec.encode(args, "args") };
  const context = contextOf("f", host);
  return { runsOn: execute(invocation, functions.get("f")!, context, executeHost), context, ends };
}

test("as many arguments as the stack surely holds reach the handler, one more is refused before it runs (H4)", () => {
  const counts: number[] = [];
  const run = (count: number): Started["ends"] =>
    start(
      (...args) => void counts.push(args.length),
      Array.from({ length: count }, () => 0),
    ).ends;
  expect(run(32_768)[0]!.result).not.toBeInstanceOf(MpregError);
  expect(counts).toEqual([32_768]);
  const message = '"f" was called with 32769 arguments; at most 32768 are allowed: put them into an array';
  expect(run(32_769)).toMatchObject([{ result: { code: "too-large", message, outcome: "not-applied" } }]);
  expect(counts).toHaveLength(1);
});

test("queue time is that until the handler starts, run time that until its end, in microseconds", () => {
  const host = new TurnedClock();
  host.pass(30);
  const work = (): void => {
    host.pass(7);
  };
  const { runsOn, ends } = start(work, [], { host, startedMs: 25 });
  expect([runsOn, ends]).toMatchObject([false, [{ timings: { queueUs: 5_000, runUs: 7_000 } }]]);
});

/** A schema that decides when it is told to. */
function startValidating(): Started & { readonly runs: unknown[]; readonly decide: () => Promise<void> } {
  let decide: (result: { value: unknown }) => void = () => undefined;
  const validated = new Promise<{ value: unknown }>((resolve) => (decide = resolve));
  const input = { "~standard": { version: 1, vendor: "test", validate: () => validated } } as const;
  const runs: unknown[] = [];
  const handler = (value: unknown): Promise<void> => {
    runs.push(value);
    return new Promise(() => undefined);
  };
  const decided = async (): Promise<void> => {
    decide({ value: "valid" });
    await new Promise(setImmediate);
  };
  return { ...start(handler, ["given"], { options: { input } }), runs, decide: decided };
}

test("a call is kept from beginning while its arguments are validated, and then does not reach its handler (H6) (K4)", async () => {
  const { context, runs, decide, ends } = startValidating();
  expect(context.revoke()).toBe(true);
  context.abort(abortError("deadline"));
  await decide();
  expect(runs).toEqual([]);
  expect(ends).toMatchObject([{ result: { code: "deadline", outcome: "not-applied" } }]);
});

test("a call whose arguments have been validated has begun (K4)", async () => {
  const { context, runs, decide } = startValidating();
  await decide();
  expect(runs).toEqual(["valid"]);
  expect(context.revoke()).toBe(false);
});

test("a call of a handler without schemas has begun at once (K4)", () => {
  const { context, runsOn } = start(() => new Promise(() => undefined), []);
  expect([runsOn, context.revoke()]).toEqual([true, false]);
});
