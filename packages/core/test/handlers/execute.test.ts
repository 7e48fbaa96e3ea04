/** One call of a handler: what is measured of it. What callers get is tested on nodes. */
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { FunctionTable, type StreamHost, execute } from "../../src/handlers/index.js";
import type { Timings } from "../../src/wire/index.js";
import { TurnedClock, contextOf, invocationOf } from "../support/handler-context.js";
import { semver } from "../support/semver.js";
import { codec } from "../support/requests.js";

/** No handler here makes any. */
const streams: StreamHost = { opened: () => expect.unreachable(), made: () => expect.unreachable() };

test("as many arguments as the stack surely holds reach the handler, one more is refused before it runs (H4)", () => {
  const run = (count: number): unknown[] => {
    const host = new TurnedClock();
    const told: unknown[] = [];
    const registered = {
      name: "here",
      semver,
      resources: [],
      messageBytesMax: 1_000,
      checkOpen: () => undefined,
      unregistered: () => undefined,
    };
    const functions = new FunctionTable({ ...registered, registered: () => undefined });
    functions.register("count", (...args) => told.push(args.length));
    const template = codec.encode(
      Array.from({ length: count }, () => 0),
      "args",
    );
    const executeHost = {
      codec,
      exposeStacks: false,
      now: () => host.nowMs,
      streams,
      ended: (_invocation: unknown, result: unknown) => {
        if (result instanceof MpregError) told.push(result);
      },
    };
    execute({ ...invocationOf("count"), template }, functions.get("count")!, contextOf("count", host), executeHost);
    return told;
  };
  expect(run(32_768)).toEqual([32_768]);
  const message = '"count" was called with 32769 arguments; at most 32768 are allowed: put them into an array';
  expect(run(32_769)).toMatchObject([{ code: "too-large", message, outcome: "not-applied" }]);
});

test("queue time is that until the handler starts, run time that until its end, in microseconds", () => {
  const host = new TurnedClock();
  const ends: Timings[] = [];
  const registered = {
    name: "here",
    semver,
    resources: [],
    messageBytesMax: 1_000,
    checkOpen: () => undefined,
    unregistered: () => undefined,
  };
  const functions = new FunctionTable({ ...registered, registered: () => undefined });
  functions.register("work", () => {
    host.pass(7);
  });
  host.pass(30);
  const invocation = { ...invocationOf("work"), startedMs: 25, template: codec.encode([], "args") };
  const executeHost = {
    codec,
    exposeStacks: false,
    now: () => host.nowMs,
    streams,
    ended: (_invocation: unknown, _result: unknown, timings: Timings) => void ends.push(timings),
  };
  const runsOn = execute(invocation, functions.get("work")!, contextOf("work", host), executeHost);
  expect([runsOn, ends]).toEqual([false, [{ queueUs: 5_000, runUs: 7_000 }]]);
});
