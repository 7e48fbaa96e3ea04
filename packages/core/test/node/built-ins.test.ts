/** Calls that a node answers itself. */
import { expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type BuiltIn, BuiltIns } from "../../src/node/built-ins.js";
import type { Invocation } from "../../src/rpc/index.js";
import { codec } from "../rpc/local-runner.js";

function world(builtIn: BuiltIn) {
  const told: string[] = [];
  const builtIns = new BuiltIns({
    codec,
    nowMs: () => 7,
    here: () => ({
      suspend: (id) => told.push(`suspended ${id}`),
      resume: (id) => told.push(`resumed ${id}`),
    }),
    invoked: (id, result) => {
      told.push(
        `${id}: ${result instanceof MpregError ? `${result.code}, ${result.outcome}` : String(codec.decode(result))}`,
      );
    },
  });
  builtIns.set("mpreg.test", builtIn);
  const call = (id: number, args: unknown = []) =>
    builtIns.begin({
      id,
      fun: "mpreg.test",
      template: codec.encode(args, "args").slice(),
      bound: [],
    } as unknown as Invocation);
  return { builtIns, told, call };
}

test("a call that ends at once is told of at the end of the input, not before (B1)", () => {
  const { builtIns, told, call } = world((_invocation, [value], end) => {
    end(value);
    end("again");
    return undefined;
  });
  expect(call(1, ["done"])).toBe(true);
  expect(told).toEqual([]);
  expect([builtIns.settle(7), builtIns.settle(7)]).toEqual([true, false]);
  expect(told).toEqual(["resumed 1", "1: done"]);
});

test("a call that waits holds no permit, and ends once when nobody waits for it any more (B1) (B2)", () => {
  let end: (result: unknown) => void = () => undefined;
  let stopped = 0;
  const { builtIns, told, call } = world((_invocation, _args, ends) => {
    end = ends;
    return () => (stopped += 1);
  });
  call(1);
  expect(told).toEqual(["suspended 1"]);
  expect([builtIns.abort(1), builtIns.abort(1), stopped]).toEqual([true, false, 1]);
  end("too late");
  builtIns.settle(7);
  expect(told).toEqual(["suspended 1", "resumed 1", "1: cancelled, not-applied"]);
});

test("what cannot be encoded was done all the same, and arguments that are none are refused", () => {
  const { builtIns, told, call } = world((_invocation, [value], end) => {
    end(value === "bad" ? () => 0 : value);
    return undefined;
  });
  call(1, ["bad"]);
  call(2, { no: "array" });
  builtIns.settle(7);
  expect(told.filter((line) => !line.startsWith("resumed"))).toEqual([
    "1: not-encodable, applied",
    "2: malformed, not-applied",
  ]);
  expect(builtIns.begin({ id: 3, fun: "other" } as Invocation)).toBe(false);
});

test("a call that waits hears that nobody listens for its end, and that somebody does again, as long as it waits", () => {
  const heard: boolean[] = [];
  let end: (result: unknown) => void = () => undefined;
  const { builtIns, call } = world((_invocation, _args, ends) => {
    end = ends;
    return { giveUp: () => undefined, heard: (isHeard) => heard.push(isHeard) };
  });
  call(1);
  builtIns.heard(1, false);
  builtIns.heard(2, false);
  builtIns.heard(1, true);
  end("done");
  builtIns.heard(1, false);
  expect(heard).toEqual([false, true]);
});
