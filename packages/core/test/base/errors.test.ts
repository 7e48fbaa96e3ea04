import { describe, expect, test } from "vitest";
import { AssertionError, MpregError, assert, errorCodes, isErrorCode, unreachable } from "../../src/base/index.js";

describe("errors", () => {
  test("an error says that the work did not take effect unless it is told otherwise (E1)", () => {
    expect(new MpregError("overloaded", "full").outcome).toBe("not-applied");
    expect(new MpregError("node-lost", "gone", { outcome: "unknown" }).outcome).toBe("unknown");
  });

  test("a place is filled in where it was not known, and never changed", () => {
    const cause = new Error("why");
    const error = new MpregError("handler-error", "it threw", { outcome: "applied", cause });
    const placed = error.at({ step: "clean", node: "b" });
    expect(placed).toMatchObject({ code: "handler-error", outcome: "applied", step: "clean", node: "b", cause });
    expect(placed.stack).toBe(error.stack);
    expect(placed.at({ step: "other", node: "c" })).toBe(placed);
    expect(error.at({})).toBe(error);
  });

  test("only own names of the list are codes", () => {
    for (const code of Object.keys(errorCodes)) expect(isErrorCode(code)).toBe(true);
    for (const text of ["", "toString", "constructor", "__proto__"]) expect(isErrorCode(text)).toBe(false);
  });

  test("an assertion that fails stops with its message and is no operating error", () => {
    expect(() => {
      assert(false, "two ends");
    }).toThrow(new AssertionError("two ends"));
    expect(() => unreachable("x" as never)).toThrow(AssertionError);
    expect(new AssertionError("")).not.toBeInstanceOf(MpregError);
  });
});
