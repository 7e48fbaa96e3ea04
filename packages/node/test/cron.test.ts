/** Times of cron expressions, as nodes know them: zones, the days when their clocks are set, and what is none. */
import { describe, expect, test } from "vitest";
import { cron } from "../src/capabilities.js";

function timesOf(expression: string, timeZone: string, from: string, count: number): string[] {
  const times = cron.parse(expression, timeZone);
  const found: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (found.length < count && (at = times.next(at)) !== undefined) found.push(new Date(at).toISOString());
  return found;
}

describe("cron expressions", () => {
  test("are times of their zone", () => {
    expect(timesOf("0 3 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 2)).toEqual([
      "2026-03-28T02:00:00.000Z",
      "2026-03-29T01:00:00.000Z",
    ]);
    expect(timesOf("*/20 * * * * *", "UTC", "2026-01-01T00:00:00.500Z", 2)).toEqual([
      "2026-01-01T00:00:20.000Z",
      "2026-01-01T00:00:40.000Z",
    ]);
    expect(timesOf("@daily", "UTC", "2026-01-01T05:00:00Z", 1)).toEqual(["2026-01-02T00:00:00.000Z"]);
    expect(timesOf("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", 1)).toEqual(["2028-02-29T00:00:00.000Z"]);
  });

  test("a time of day that a day does not have comes at the end of the gap, one that it has twice comes once", () => {
    expect(timesOf("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
    expect(timesOf("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
    expect(timesOf("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 4)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T01:00:00.000Z",
      "2026-10-25T01:30:00.000Z",
      "2026-10-25T02:00:00.000Z",
    ]);
  });

  test("one that never comes has no time", () => {
    expect(timesOf("0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1)).toEqual([]);
  });

  test("what is none is refused with the reason and what works (K1) (K2)", () => {
    for (const [expression, zone, why] of [
      ["61 * * * *", "UTC", "minute"],
      ["* * *", "UTC", "five fields"],
      ["2026-01-01T00:00:00", "UTC", "five fields"],
      ["", "UTC", "five fields"],
      ["@often", "UTC", "five fields"],
      ["* * * * *", "Mars/Phobos", 'no time zone "Mars/Phobos" is known; what works is a name of the IANA'],
      [`${"1,".repeat(100)}1 * * * *`, "UTC", "at most 128"],
    ] as const) {
      const parse = () => cron.parse(expression, zone);
      expect(parse, expression).toThrow(
        expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(why) }),
      );
    }
  });
});
