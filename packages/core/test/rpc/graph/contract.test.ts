import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { contract, fn } from "../../../src/base/contract.js";
import { MpregError } from "../../../src/base/index.js";
import { type StandardSchema, describeIssues, describePath, validate } from "../../../src/base/standard-schema.js";
import { validateArguments, validateResult } from "../../../src/base/validation.js";

/** A schema whose answer is a promise. */
function later<T>(answer: (value: unknown) => T): StandardSchema<unknown, T> {
  const check = async (value: unknown): Promise<{ readonly value: T }> => ({ value: answer(value) });
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

function throwing(error: unknown): StandardSchema {
  const check = (): never => {
    throw error;
  };
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

function failure(attempt: () => unknown): MpregError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const rowSchemas: [string, StandardSchema][] = [
  ["zod", z.object({ rows: z.array(z.object({ unit: z.string() })) })],
  ["valibot", v.object({ rows: v.array(v.object({ unit: v.string() })) })],
  ["arktype", type({ rows: type({ unit: "string" }).array() })],
];

describe("validateArguments", () => {
  test.each(rowSchemas)("names position and path of what %s refuses, once", (_, schema) => {
    const { code, message, outcome } = failure(() => {
      return validateArguments("clean", [z.string(), schema], ["x", { rows: [{ unit: "C" }, { unit: 3 }] }]);
    });
    expect({ code, outcome }).toEqual({ code: "invalid-input", outcome: "not-applied" });
    expect(message).toMatch(/^Cannot call "clean": argument 2/);
    expect(message.split("rows[1].unit")).toHaveLength(2);
  });

  test.each(rowSchemas)("accepts what %s accepts", (_, schema) => {
    const value = { rows: [{ unit: "C" }] };
    expect(validateArguments("clean", schema, [value])).toEqual([value]);
  });

  test("takes a single schema for exactly one argument, an array for one each, and none for anything", () => {
    expect(validateArguments("f", z.string(), ["x"])).toEqual(["x"]);
    expect(validateArguments("f", [z.string(), z.number()], ["x", 1])).toEqual(["x", 1]);
    expect(validateArguments("f", [], [])).toEqual([]);
    const args = [1, "x"];
    expect(validateArguments("f", undefined, args)).toBe(args);
    expect(failure(() => validateArguments("f", z.string(), ["x", "y"])).message).toContain(
      "it takes 1 argument, got 2",
    );
    expect(failure(() => validateArguments("f", [], ["x"])).message).toContain("it takes 0 arguments, got 1");
  });

  test("hands on what the schemas made of the arguments, defaults for missing ones included", () => {
    const input = [z.coerce.number(), z.string().default("C"), v.pipe(v.string(), v.trim())];
    expect(failure(() => validateArguments("f", input, ["7"])).message).toContain("argument 3: ");
    expect(validateArguments("f", input, ["7", undefined, " x "])).toEqual([7, "C", "x"]);
    expect(validateArguments("f", type("string.numeric.parse"), ["7"])).toEqual([7]);
  });

  test("names every refused argument (N2)", () => {
    const { message } = failure(() => validateArguments("f", [z.string(), z.number(), z.string()], [1, 2, 3]));
    expect(message).toContain("argument 1: ");
    expect(message).not.toContain("argument 2");
    expect(message).toContain("argument 3: ");
  });

  test("answers at once unless a schema is asynchronous (N1)", async () => {
    expect(validateArguments("f", [z.string(), type("string"), v.string()], ["a", "b", "c"])).not.toBeInstanceOf(
      Promise,
    );
    const slow = validateArguments("f", [z.string(), later((value) => [value])], ["a", "b"]);
    expect(slow).toBeInstanceOf(Promise);
    expect(await slow).toEqual(["a", ["b"]]);
    const refused = validateArguments("f", [later(() => 1), z.string()], [1, 2]);
    await expect(refused).rejects.toMatchObject({ code: "invalid-input" });
    const zodAsync = validateArguments(
      "f",
      z.string().refine(async (text) => text === "good"),
      ["bad"],
    );
    await expect(zodAsync).rejects.toMatchObject({ code: "invalid-input" });
  });

  test("refuses what a schema refuses in no words, or throws oddly, as not applied", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const verdicts = [{ issues: 5 }, { issues: [{ message: "m", path: [null] }] }, { issues: [proxy] }];
    const odd = verdicts.map((verdict) => ({
      "~standard": { version: 1, vendor: "odd", validate: () => verdict },
    })) as unknown as StandardSchema[];
    for (const schema of [...odd, throwing(proxy)]) {
      expect(failure(() => validateArguments("f", schema, [1]))).toMatchObject({
        code: "invalid-input",
        outcome: "not-applied",
      });
      expect(failure(() => validateResult("f", schema, 1))).toMatchObject({
        code: "invalid-output",
        outcome: "applied",
      });
    }
  });

  test("makes an error of what a schema throws, at once or later", async () => {
    const bug = new Error("a bug in the schema");
    const rejecting = later(() => {
      throw bug;
    });
    // what the first would have said must not become an unhandled rejection
    const error = failure(() => validateArguments("f", [rejecting, throwing(bug)], [1, 2]));
    expect(error).toMatchObject({ code: "invalid-input", cause: bug });
    expect(error.message).toBe('Cannot call "f": its schema threw: a bug in the schema');
    const slow = validateArguments("f", [rejecting, rejecting], [1, 2]);
    await expect(slow).rejects.toMatchObject({ code: "invalid-input", cause: bug });
  });
});

describe("validateResult", () => {
  test("hands on what the schema made of the result, at once or later", async () => {
    expect(validateResult("f", undefined, "x")).toBe("x");
    expect(validateResult("f", z.coerce.number(), "7")).toBe(7);
    expect(
      await validateResult(
        "f",
        later((value) => [value]),
        1,
      ),
    ).toEqual([1]);
  });

  test("refuses with outcome applied, since the handler has run (N3)", async () => {
    const error = failure(() => validateResult("f", z.object({ n: z.number() }), { n: "x" }));
    expect(error).toMatchObject({ code: "invalid-output", outcome: "applied" });
    expect(error.message).toMatch(/^The result of "f" is not what its contract says: result, at n: /);
    expect(failure(() => validateResult("f", throwing(new Error("bug")), 1))).toMatchObject({
      code: "invalid-output",
      outcome: "applied",
    });
    const slow = z.string().refine(async () => false);
    await expect(validateResult("f", slow, "x")).rejects.toMatchObject({ code: "invalid-output", outcome: "applied" });
    const broken = later(() => {
      throw new Error("bug");
    });
    await expect(validateResult("f", broken, 1)).rejects.toMatchObject({ code: "invalid-output", outcome: "applied" });
  });
});

describe("validate", () => {
  test("answers a verdict, and a promise only if the schema does (V1)", async () => {
    expect(validate(z.string(), "x")).toEqual({ kind: "valid", value: "x" });
    expect(validate(z.string(), 1)).toMatchObject({ kind: "invalid" });
    expect(validate(type("string"), 1)).toMatchObject({ kind: "invalid" });
    const slow = validate(
      later(() => 2),
      1,
    );
    expect(slow).toBeInstanceOf(Promise);
    expect(await slow).toEqual({ kind: "valid", value: 2 });
  });

  test("takes an undefined output for a value", () => {
    expect(validate(z.string().optional(), undefined)).toEqual({ kind: "valid", value: undefined });
  });
});

describe("describeIssues", () => {
  test("names the place and the path inside it (V2)", () => {
    const issues = [{ message: "expected string", path: ["rows", 0, { key: "unit" }] }, { message: "too many" }];
    expect(describeIssues(issues, "argument 1")).toBe(
      "argument 1, at rows[0].unit: expected string; argument 1: too many",
    );
  });

  test("writes out five issues and counts the rest", () => {
    const issues = Array.from({ length: 8 }, (_, index) => ({ message: `m${index}` }));
    const text = describeIssues(issues, "result");
    expect(text).toContain("result: m4; and 3 more");
    expect(text).not.toContain("m5");
    expect(describeIssues([], "result")).toBe("result: refused");
  });

  test("writes paths as one would in code", () => {
    expect(describePath(["rows", 0, "odd name", "ünit", "$x", "0", "", "__proto__"])).toBe(
      'rows[0]["odd name"].ünit.$x["0"][""].__proto__',
    );
    expect(describePath([Symbol("s"), 1])).toBe("[Symbol(s)][1]");
    expect(describePath([])).toBe("");
  });
});

describe("fn and contract", () => {
  test("hold what they are given, unchangeable", () => {
    const input = z.string();
    const api = contract({ clean: fn({ input, resources: ["etl"] }), any: fn() });
    expect(api.clean.input).toBe(input);
    expect(api.clean.resources).toEqual(["etl"]);
    expect(api.any).toEqual({ input: undefined, output: undefined, resources: [] });
    expect([api, api.clean, api.clean.resources].every(Object.isFrozen)).toBe(true);
  });

  test("refuse what is not a schema, naming the option", () => {
    const refused: [() => unknown, string][] = [
      [() => fn({ input: "string" as never }), "fn: input must be a schema with the Standard Schema interface"],
      [() => fn({ input: null as never }), "fn: input must be a schema"],
      [() => fn({ input: [z.string(), {} as never] }), "fn: input[1] must be a schema"],
      [() => fn({ output: { "~standard": {} } as never }), "fn: output must be a schema"],
      [() => fn({ resources: "gpu" as never }), "fn: resources must be an array of names"],
      [() => fn({ resources: [""] }), "fn: resources must be an array of names"],
      [
        () => fn({ inputs: z.string() } as never),
        'fn has no option "inputs"; it has input, output, resources, idempotent; did you',
      ],
      [() => fn(z.string() as never), "fn has no option"],
      [() => contract({ clean: z.string() as never }), 'contract: "clean" must be declared with fn'],
      [() => contract({ clean: null as never }), 'contract: "clean" must be declared with fn'],
      [() => contract({ "": fn() }), 'contract: "" must be declared with fn'],
    ];
    for (const [attempt, message] of refused) {
      expect(failure(attempt).code).toBe("invalid-argument");
      expect(failure(attempt).message).toContain(message);
    }
  });
});
