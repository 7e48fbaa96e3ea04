import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import {
  addHeader,
  addHeaderCondition,
  addLimit,
  addNames,
  parseBacklog,
  parseCount,
  parseDurationMs,
  parseDurationMsOrOff,
  parseObject,
  parsePort,
  parseValues,
} from "../../src/input/options.js";

describe("options as they are typed", () => {
  test.each([
    ["2", 2000],
    ["0.5", 500],
    ["500ms", 500],
    ["2s", 2000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
    [".2ms", 1],
  ])("the duration %s is %i ms", (given, durationMs) => {
    expect(parseDurationMs(given)).toBe(durationMs);
  });

  test.each(["", "0", "-1", "2 days", "1e3", "600h", "ms"])("%j is no duration", (given) => {
    expect(() => parseDurationMs(given)).toThrow(InvalidArgumentError);
  });

  test("where nothing at all is a choice, it is typed off", () => {
    expect([parseDurationMsOrOff("2s"), parseDurationMsOrOff("off")]).toEqual([2_000, 0]);
    expect(() => parseDurationMsOrOff("0")).toThrow(InvalidArgumentError);
  });

  test("a count is a whole number from 1 on", () => {
    expect(parseCount("12")).toBe(12);
    for (const given of ["0", "-1", "1.5", "", "none", "1e3", "9".repeat(17)]) {
      expect(() => parseCount(given)).toThrow(InvalidArgumentError);
    }
  });

  test("a backlog is the last message of each topic, a count, or an age", () => {
    expect(["last", "100", "5m", "500ms"].map(parseBacklog)).toEqual(["last", 100, { ageMs: 300_000 }, { ageMs: 500 }]);
    for (const given of ["", "0", "-1", "yesterday", "1.5", "0s"]) {
      expect(() => parseBacklog(given)).toThrow(InvalidArgumentError);
    }
  });

  test("headers are name=value, the last one of a name counts; as a condition the name alone will do", () => {
    expect(addHeader("a=c=d", addHeader("b=", addHeader("a=b")))).toEqual({ a: "c=d", b: "" });
    expect(addHeaderCondition("urgent", addHeaderCondition("region=eu"))).toEqual({ region: "eu", urgent: true });
    for (const given of ["a", "=b", ""]) expect(() => addHeader(given)).toThrow(InvalidArgumentError);
    for (const given of ["=b", ""]) expect(() => addHeaderCondition(given)).toThrow(InvalidArgumentError);
  });

  test("lists are split at commas and grow with each use of the option", () => {
    expect(addNames("a, b,", addNames("c"))).toEqual(["c", "a", "b"]);
  });

  test("limits are numbers by name, the last one of a name counts", () => {
    expect(addLimit("depthMax=3", addLimit("stepsMax=1e4", addLimit("depthMax=2")))).toEqual({
      depthMax: 3,
      stepsMax: 10_000,
    });
    for (const given of ["depthMax", "depthMax=", "depthMax= ", "depthMax=few", "=3"])
      expect(() => addLimit(given)).toThrow("is like");
  });

  test("ports are from 0 to 65535", () => {
    expect([parsePort("0"), parsePort("65535")]).toEqual([0, 65_535]);
    for (const given of ["65536", "-1", "80.5", ""]) expect(() => parsePort(given)).toThrow("from 0 to 65535");
  });

  test("an argument is JSON where it is JSON, else the text", () => {
    const given = ["1", "true", "null", '"1"', "[1]", "one", "", "{a:1}"];
    expect(parseValues(given)).toEqual([1, true, null, "1", [1], "one", "", "{a:1}"]);
  });

  test("an argument with a number that cannot be held is wrong usage, told by its position", () => {
    expect(() => parseValues(["1", "[1e400]"])).toThrow(
      /^Cannot use argument 2: it has a number beyond .*: 1e400; in double quotes/,
    );
    expect(() => parseObject('{"a":1e400}')).toThrow(/It has a number beyond .*: 1e400\.$/);
  });

  test("kwargs are an object and nothing else", () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 });
    for (const given of ["[1]", "null", "1"]) expect(() => parseObject(given)).toThrow("JSON object");
    expect(() => parseObject("{a")).toThrow("not JSON");
  });
});
