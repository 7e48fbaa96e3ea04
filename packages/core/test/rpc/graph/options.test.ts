/** Options of calls, graphs and requests that are not what they should be: refused by name, before anything is sent. */
import { describe, expect, test } from "vitest";
import { contract, fn } from "../../../src/base/index.js";
import type { Caller } from "../../../src/rpc/index.js";
import { createHeld, rejection } from "../../support/asking.js";

type Attempt = (caller: Caller, options: never) => Promise<unknown>;

const attempts: Readonly<Record<string, { readonly what: string; readonly has: string; readonly attempt: Attempt }>> = {
  call: {
    what: `call("f")`,
    has: "resources, kwargs, signal, timeoutMs, waitForCapacity, onSummary, onEvent, intermediates, detached, retries, idempotencyKey, version, target, prefer, hedge, priority",
    attempt: (caller, options) => caller.call("f", [], options),
  },
  "graph.call": {
    what: `graph.call("f")`,
    has: "resources, kwargs, name, timeoutMs, retries, idempotencyKey, version, target, prefer, hedge, priority",
    attempt: async (caller, options) => caller.graph().call("f", [], options),
  },
  run: {
    what: "run",
    has: "signal, timeoutMs, onError, waitForCapacity, onSummary, onEvent, intermediates, detached",
    attempt: (caller, options) => {
      const graph = caller.graph();
      graph.call("f");
      return graph.run(undefined, options);
    },
  },
  request: {
    what: "request",
    has: "outputs, signal, timeoutMs, onError, waitForCapacity, onSummary, onEvent, intermediates, detached",
    attempt: (caller, options) => caller.request([{ name: "a", fun: "f" }], options),
  },
};

async function refusalOf(attempt: Attempt, options: unknown): Promise<unknown> {
  const { held, caller } = createHeld();
  const error = await rejection(attempt(caller, options as never));
  expect(error).toMatchObject({ code: "invalid-argument", outcome: "not-applied" });
  expect(held.asks).toEqual([]);
  return (error as Error).message;
}

describe.each(Object.entries(attempts))("%s", (_name, { what, has, attempt }) => {
  test("refuses an option it does not have, names those it has and the nearest (N1)", async () => {
    expect(await refusalOf(attempt, { timeout: 5 })).toBe(
      `${what} has no option "timeout"; it has ${has}; did you mean "timeoutMs"?`,
    );
    expect(await refusalOf(attempt, { urgency: 1 })).toBe(`${what} has no option "urgency"; it has ${has}`);
    expect(await refusalOf(attempt, Object.create({ toString: 1, urgency: 1 }))).toContain("has no option");
    expect(await refusalOf(attempt, { constructor: 1 })).toContain(`has no option "constructor"`);
    expect(await refusalOf(attempt, JSON.parse(`{ "__proto__": 1 }`))).toContain(`has no option "__proto__"`);
  });

  test.each([
    [null, "null"],
    [5_000, "number"],
    ["gpu", "string"],
    [["gpu"], "array"],
    [() => 1, "function"],
  ])("refuses options that are no object: %o (N1)", async (options, got) => {
    expect(await refusalOf(attempt, options)).toBe(`${what}: the options must be an object, got ${got}`);
  });
});

const duration = "a number of milliseconds above 0 and up to 2147483647";
const several = (names: readonly string[], option: string, values: readonly (readonly [unknown, string])[]) =>
  names.flatMap((name) => values.map(([value, message]) => [name, option, value, message] as const));

test.each([
  ...several(["call", "graph.call", "run", "request"], "timeoutMs", [
    ["1s", `timeoutMs must be ${duration}, got "1s"`],
    [-1, `timeoutMs must be ${duration}, got -1`],
    [0, `timeoutMs must be ${duration}, got 0`],
    [NaN, `timeoutMs must be ${duration}, got NaN`],
    [Infinity, `timeoutMs must be ${duration}, got Infinity`],
    [null, `timeoutMs must be ${duration}, got null`],
    [{}, `timeoutMs must be ${duration}, got object`],
  ]),
  ...several(["call", "graph.call"], "resources", [
    ["gpu", `resources must be an array of names, got "gpu"`],
    [["gpu", 1], "resources must be a name that is not empty, got 1"],
    [new Set(["gpu"]), "resources must be an array of names, got object"],
  ]),
  ...several(["call", "graph.call"], "kwargs", [
    [[1], "kwargs must be a plain object, got array"],
    [new Map(), "kwargs must be a plain object, got object"],
    [null, "kwargs must be a plain object, got null"],
  ]),
  ...several(["call", "run", "request"], "waitForCapacity", [
    ["yes", `waitForCapacity must be true, false, or ${duration}, got "yes"`],
    [-1, `waitForCapacity must be true, false, or ${duration}, got -1`],
    [NaN, `waitForCapacity must be true, false, or ${duration}, got NaN`],
  ]),
  ...several(["call", "run", "request"], "signal", [
    [new AbortController(), "signal must be an AbortSignal, got object"],
    [true, "signal must be an AbortSignal, got true"],
    [null, "signal must be an AbortSignal, got null"],
  ]),
  ...several(["call", "run", "request"], "onSummary", [[{}, "onSummary must be a function, got object"]]),
  ...several(["call", "run", "request"], "onEvent", [[{}, "onEvent must be a function, got object"]]),
  ...several(["run", "request"], "onError", [
    ["ignore", `onError must be "fail" or "settle", got "ignore"`],
    [null, `onError must be "fail" or "settle", got null`],
  ]),
  ...several(["graph.call"], "name", [["", `name must be a name that is not empty, got ""`]]),
  ...several(["request"], "outputs", [
    ["a", "outputs must be an array of step names, got string"],
    [[1], "outputs[0] must be a name that is not empty, got 1"],
  ]),
])("%s refuses %s of a wrong value: %o", async (name, option, value, message) => {
  const { what, attempt } = attempts[name]!;
  const prefix = name.endsWith("call") ? `${what}: ` : "";
  expect(await refusalOf(attempt, { [option]: value })).toBe(prefix + message);
});

test("options that are undefined are as if they were not there", async () => {
  const { held, caller } = createHeld();
  const nothing = { resources: undefined, kwargs: undefined, timeoutMs: undefined, waitForCapacity: undefined };
  void caller.call("f", [], { ...nothing, signal: undefined, onSummary: undefined });
  void caller.call("f");
  expect(held.asks[0]!.fields).toEqual(held.asks[1]!.fields);
});

test("options of a run in the place of its outputs are refused, and outputs that are called like them are not (O3)", async () => {
  const { held, caller } = createHeld();
  const graph = caller.graph();
  const step = graph.call("f");
  const run = graph.run({ waitForCapacity: true, timeoutMs: 5 });
  expect(await rejection(run)).toMatchObject({
    code: "invalid-argument",
    message:
      "The outputs, waitForCapacity and timeoutMs, are names of options and hold no reference; options come second, behind the outputs: run(undefined, { waitForCapacity, timeoutMs })",
  });
  expect(held.asks).toEqual([]);
  const given: unknown[] = [{ signal: step }, { timeoutMs: 5, unit: "ms" }, { toString: 1 }, {}, 5, ["timeoutMs"]];
  for (const outputs of given) void graph.run(outputs);
  expect(held.asks).toHaveLength(given.length);
});

test("where there is a contract kwargs are refused, since it describes all arguments", async () => {
  const { held, caller } = createHeld({ contract: contract({ f: fn() }) });
  const options = { kwargs: { unit: "C" } };
  const message = ": a function of a contract has no kwargs; give them as its last argument";
  expect(await rejection(caller.call("f", [], options))).toMatchObject({
    code: "invalid-argument",
    message: `call("f")${message}`,
  });
  expect(() => caller.graph().call("f", [], options)).toThrow(`graph.call("f")${message}`);
  expect(held.asks).toEqual([]);
});
