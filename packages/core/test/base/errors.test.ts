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

  test("an error as JSON has its message and what it is caused by, and no stack (E3)", () => {
    const cause = new MpregError("too-large", "1,200 bytes", { node: "a", cause: new Error("full") });
    const place = { step: "clean", node: "b", request: "0f-1" };
    const error = new MpregError("handler-error", "it threw", { outcome: "applied", ...place, cause });
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: "MpregError",
        code: "handler-error",
        outcome: "applied",
        message: "it threw",
        ...place,
        cause: {
          name: "MpregError",
          code: "too-large",
          outcome: "not-applied",
          message: "1,200 bytes",
          node: "a",
          cause: "full",
        },
      },
    });
    const plain = new MpregError("overloaded", "full", { retryAfterMs: 20 });
    expect(JSON.stringify(plain)).toBe(
      '{"name":"MpregError","code":"overloaded","outcome":"not-applied","message":"full","retryAfterMs":20}',
    );
  });

  const circle: Record<string, unknown> = {};
  circle["again"] = circle;
  test.for([
    { what: "what has no JSON", cause: 12n, told: "12" },
    { what: "a circle", cause: circle, told: "[object Object]" },
    { what: "nothing that has text", cause: Object.create(null), told: "a value that cannot be made text" },
  ])("an error that is caused by $what has JSON all the same (E3)", ({ cause, told }) => {
    expect(JSON.parse(JSON.stringify(new MpregError("handler-error", "it threw", { cause })))).toMatchObject({
      cause: told,
    });
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
