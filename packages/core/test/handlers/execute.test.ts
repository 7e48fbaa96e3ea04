/** One call of a handler: what is measured of it. What callers get is tested on nodes. */
import { expect, test } from "vitest";
import { FunctionTable, execute } from "../../src/handlers/index.js";
import type { Timings } from "../../src/wire/index.js";
import { TurnedClock, contextOf, invocationOf } from "../support/handler-context.js";
import { codec } from "../support/requests.js";

test("queue time is that until the handler starts, run time that until its end, in microseconds", () => {
  const host = new TurnedClock();
  const ends: Timings[] = [];
  const registered = { name: "here", resources: [], checkOpen: () => undefined, unregistered: () => undefined };
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
    ended: (_invocation: unknown, _result: unknown, timings: Timings) => void ends.push(timings),
  };
  const runsOn = execute(invocation, functions.get("work")!, contextOf("work", host), executeHost);
  expect([runsOn, ends]).toEqual([false, [{ queueUs: 5_000, runUs: 7_000 }]]);
});
