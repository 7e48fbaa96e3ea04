/** Progress: what handlers report, from `context().progress` to the machine. */
import { expect, test } from "vitest";
import { CallContext } from "../../src/handlers/index.js";
import { ProgressReports, progressOf, reportsWaitingMax } from "../../src/handlers/progress.js";
import type { Progress } from "../../src/rpc/index.js";
import { TurnedClock, invocationOf } from "../support/handler-context.js";
import { codec } from "../support/requests.js";

const watched = { ...invocationOf("train"), terms: { watched: true } };

/** What was told: values, refusals, and how many are missing. */
function toldOf({ missed, value, refusal }: Progress): unknown {
  return { missed, told: value === undefined ? refusal : codec.decode(value) };
}

test("what is reported goes to whoever watches, and nowhere when nobody does (K1)", () => {
  const host = new TurnedClock();
  const { progress } = new CallContext(watched, host);
  progress({ done: 1 });
  new CallContext(invocationOf("train"), host).progress(() => "not even encoded");
  expect(host.reports.map((each) => toldOf(each.progress))).toEqual([{ missed: 0, told: { done: 1 } }]);
});

test("a context that serves several calls reports for each that is watched (K1)", () => {
  const host = new TurnedClock();
  const calls = [watched, invocationOf("train"), { ...watched, id: 3 }].map((each) => new CallContext(each, host));
  CallContext.shared(calls).progress("half");
  expect(host.reports.map(({ invocation }) => invocation.id)).toEqual([1, 3]);
});

test("what cannot be told is told as a refusal, and nothing is thrown at the handler (P1)", () => {
  const evil = {
    get it(): never {
      throw new Error("not to be read");
    },
  };
  expect(toldOf(progressOf("x".repeat(16 * 1024), codec))).toEqual({
    missed: 0,
    told: "it takes 16387 bytes; at most 16384 are told",
  });
  expect(toldOf(progressOf(() => 1, codec))).toMatchObject({ told: expect.stringContaining("function") });
  expect(toldOf(progressOf(evil, codec))).toMatchObject({ told: expect.stringContaining("not to be read") });
});

test("of more than may wait some are dropped, and their number is told with the next, or before the end (P2)", () => {
  const passed: Progress[] = [];
  let taken = 0;
  const reports = new ProgressReports(
    () => passed.length - taken,
    (_invocation, progress) => passed.push(progress),
  );
  const report = (value: number): void => {
    reports.report(watched, progressOf(value, codec));
  };
  for (let value = 0; value < reportsWaitingMax + 2; value++) report(value);
  expect(passed).toHaveLength(reportsWaitingMax);
  taken += 1;
  report(-1);
  expect(toldOf(passed.at(-1)!)).toEqual({ missed: 2, told: -1 });
  report(-2);
  reports.ended(watched);
  expect(toldOf(passed.at(-1)!)).toEqual({ missed: 1, told: undefined });
  const { length } = passed;
  reports.ended(watched);
  expect(passed).toHaveLength(length); // told once
});
