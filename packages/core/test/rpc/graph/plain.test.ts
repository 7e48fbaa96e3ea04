import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PlainRunOptions, type PlainStep, parsePlainRequest } from "../../../src/rpc/graph/plain.js";
import { refTarget } from "../../../src/rpc/graph/ref.js";
import { localRunner, prepare } from "../local-runner.js";

const functions = {
  echo: (value: unknown) => value,
  echos: (...args: unknown[]) => args,
};

function request(steps: readonly PlainStep[], options?: PlainRunOptions): Promise<unknown> {
  return localRunner(functions)(parsePlainRequest(steps, options));
}

/** The parsed arguments of a step called with `args` beside a step "first". */
function argsOf(...args: readonly unknown[]): readonly unknown[] {
  const { steps } = parsePlainRequest([
    { name: "first", fun: "echo" },
    { name: "second", fun: "echos", args },
  ]);
  return steps[1]?.args ?? [];
}

function fails(steps: unknown, code: string, message: string, options?: PlainRunOptions): void {
  const attempt = (): unknown => parsePlainRequest(steps as never, options);
  expect(attempt).toThrow(expect.objectContaining({ code }));
  expect(attempt).toThrow(message);
}

describe("the plain form", () => {
  test("answers every step that no other step uses, by name, in any order of the steps", async () => {
    const steps = [
      { name: "second", fun: "echos", args: [{ $ref: "first" }, "AND ME TOO"] },
      { name: "first", fun: "echo", args: ["hi there!"] },
      { name: "alone", fun: "echos" },
    ];
    expect(await request(steps)).toEqual({ second: ["hi there!", "AND ME TOO"], alone: [] });
  });

  test("answers the steps that are selected", async () => {
    const steps = [
      { name: "first", fun: "echo", args: [1] },
      { name: "second", fun: "echos", args: [{ $ref: "first" }] },
    ];
    expect(await request(steps, { outputs: ["first"] })).toEqual({ first: 1 });
    expect(await request(steps, { outputs: ["second", "first", "second"] })).toEqual({ first: 1, second: [1] });
    expect(prepare(parsePlainRequest(steps, { outputs: ["second", "second"] })).spec.outputs).toHaveLength(1);
    expect(await request(steps, { outputs: [] })).toEqual({});
    fails(
      steps,
      "unknown-reference",
      'The outputs name "frist", which is not a step of the request; did you mean "first"?',
      {
        outputs: ["frist"],
      },
    );
    fails(steps, "invalid-argument", "outputs must be an array of step names, got string", {
      outputs: "first" as never,
    });
    fails(steps, "invalid-argument", "outputs[0] must be a name", { outputs: [1 as never] });
  });

  test("replaces references at any depth of args and kwargs, with or without a path", async () => {
    const steps = [
      { name: "first", fun: "echo", args: [{ rows: [{ n: 1 }, { n: 2 }], "a b": "x" }] },
      {
        name: "second",
        fun: "echos",
        args: [[{ deep: { $ref: "first", path: ["rows", 1, "n"] } }], { $ref: "first", path: ["rows", "length"] }],
        kwargs: { a: { b: [{ $ref: "first", path: ["a b"] }] } },
      },
    ];
    expect(await request(steps)).toEqual({ second: [[{ deep: 2 }], 2, { a: { b: ["x"] } }] });
  });

  test("takes kwargs as the last argument, a whole reference included", async () => {
    const steps = [
      { name: "first", fun: "echo", args: [{ unit: "C" }] },
      { name: "second", fun: "echos", args: [1], kwargs: { $ref: "first" } },
      { name: "third", fun: "echos", kwargs: {} },
    ];
    expect(await request(steps)).toEqual({ second: [1, { unit: "C" }], third: [{}] });
  });

  test("leaves untouched what stands in $value, which is itself not looked into", () => {
    const data = { $ref: "nowhere", path: [{ $value: { $ref: "first" } }] };
    expect(argsOf({ $value: data })).toEqual([data]);
    expect(argsOf([{ $value: { $value: 1 } }])).toEqual([[{ $value: 1 }]]);
    expect(argsOf({ $value: undefined })).toEqual([undefined]);
  });

  test("takes everything else for data, names in strings and marks beside other keys included (J1)", () => {
    const data = [
      "first",
      "$ref",
      { $ref: "first", other: 1 },
      { $ref: "first", path: [], other: 1 },
      { $value: 1, other: 2 },
      { path: ["x"] },
      { ref: "first" },
      {},
      [],
    ];
    expect(argsOf(...data)).toEqual(data);
  });

  test("looks for references beside data that has marks among other keys", () => {
    const [object] = argsOf({ $ref: { $ref: "first" }, other: 1 }) as [{ $ref: unknown }];
    expect(refTarget(object.$ref)).toMatchObject({ step: 0, path: [] });
  });

  test("passes data without references on as it is, and never changes what it was given (J2)", () => {
    const rows = [{ n: 1 }, [new Date(0), new Map([[1, { $ref: "first" }]]), null, 1n]];
    expect(argsOf(rows, "x")[0]).toBe(rows);
    const mixed = Object.freeze({ rows, part: Object.freeze([1, Object.freeze({ $ref: "first" })]) });
    const [copy] = argsOf(mixed) as [{ rows: unknown; part: unknown[] }];
    expect(copy.rows).toBe(rows);
    expect(refTarget(copy.part[1])).toBeDefined();
    expect(mixed.part[1]).toEqual({ $ref: "first" });
  });

  test("treats fields named like a prototype's as fields (J3)", async () => {
    const args = JSON.parse(
      '[{ "__proto__": { "$ref": "__proto__" }, "constructor": 1, "deep": { "$ref": "toString" } }]',
    ) as unknown[];
    const steps = [
      { name: "__proto__", fun: "echo", args: ["polluted?"] },
      { name: "toString", fun: "echo", args: [2] },
      { name: "constructor", fun: "echos", args },
    ];
    const answer = (await request(steps)) as Record<string, [Record<string, unknown>]>;
    const [received] = answer["constructor"]!;
    expect(Object.entries(received)).toEqual([
      ["__proto__", "polluted?"],
      ["constructor", 1],
      ["deep", 2],
    ]);
    expect(({} as Record<string, unknown>)["polluted?"]).toBeUndefined();
    fails([{ name: "a", fun: "f", args: [{ $ref: "toString" }] }], "unknown-reference", 'refers to "toString"');
    const inherited = Object.create({ $ref: "first" }) as unknown;
    expect(argsOf(inherited)).toEqual([inherited]);
  });

  test("names place, wanted name and nearest name of a reference to a step that there is not", () => {
    const steps = [
      { name: "first", fun: "echo" },
      { name: "second", fun: "echo", args: [[{ x: [{}] }], { rows: [{ $ref: "frist" }] }] },
    ];
    fails(
      steps,
      "unknown-reference",
      'step "second", args[1].rows[0] refers to "frist", which is not a step of the request; did you mean "first"?',
    );
    expect(() => parsePlainRequest(steps)).toThrow(expect.objectContaining({ step: "second" }));
    fails(
      [{ name: "a", fun: "f", kwargs: { x: { $ref: "zebra" } } }],
      "unknown-reference",
      'step "a", kwargs.x refers to',
    );
  });

  test("refuses two steps of one name, and a cycle with its path, before anything is sent (K2)", () => {
    fails(
      [
        { name: "a", fun: "f" },
        { name: "b", fun: "f" },
        { name: "a", fun: "g" },
      ],
      "duplicate-step",
      'steps[0] and steps[2] are both named "a"',
    );
    const cycle = [
      { name: "a", fun: "f", args: [{ $ref: "b" }] },
      { name: "b", fun: "f", kwargs: { x: { $ref: "a", path: ["x"] } } },
    ];
    const preparing = (steps: readonly PlainStep[]): unknown => prepare(parsePlainRequest(steps));
    expect(() => preparing(cycle)).toThrow(expect.objectContaining({ code: "cycle", step: "a" }));
    expect(() => preparing(cycle)).toThrow("a → b → a");
    expect(() => preparing([])).toThrow(expect.objectContaining({ code: "empty-request" }));
  });

  test("refuses malformed references, and says how to pass them as data", () => {
    const malformed = [
      { $ref: 1 },
      { $ref: null },
      { $ref: "a", path: "x" },
      { $ref: "a", path: [-1] },
      { $ref: "a", path: [0.5] },
      { $ref: "a", path: [null] },
      { $ref: "a", path: [["x"]] },
    ];
    for (const mark of malformed) {
      fails(
        [{ name: "a", fun: "f", args: [[mark]] }],
        "invalid-argument",
        'step "a", args[0][0] is a malformed reference',
      );
      fails([{ name: "a", fun: "f", args: [[mark]] }], "invalid-argument", "write { $value: … } around it");
    }
  });

  test("refuses steps that are not of the right shape, naming the place", () => {
    const wrong: [unknown, string][] = [
      [{}, "A request must be an array of steps, got object"],
      [null, "A request must be an array of steps, got null"],
      ["x", "A request must be an array of steps, got string"],
      [[null], "steps[0] must be an object, got null"],
      [[[]], "steps[0] must be an object, got array"],
      [[{ fun: "f" }], "steps[0].name must be a name that is not empty, got undefined"],
      [[{ name: "", fun: "f" }], 'steps[0].name must be a name that is not empty, got ""'],
      [[{ name: "a" }], 'step "a", fun must be a name that is not empty'],
      [[{ name: "a", fun: {} }], "fun must be a name that is not empty, got object"],
      [[{ name: "a", fun: "f", args: {} }], 'step "a", args must be an array, got object'],
      [[{ name: "a", fun: "f", kwargs: [] }], 'step "a", kwargs must be an object, got array'],
      [[{ name: "a", fun: "f", kwargs: null }], "kwargs must be an object, got null"],
      [[{ name: "a", fun: "f", resources: "gpu" }], 'resources must be an array of names, got "gpu"'],
      [[{ name: "a", fun: "f", resources: [1] }], "resources must be a name that is not empty, got 1"],
      [[{ name: "a", fun: "f", timeoutMs: "5" }], "timeoutMs must be a number of milliseconds"],
      [
        [{ name: "a", fun: "f", resource: [] }],
        'has a key "resource"; a step has only name, fun, args, kwargs, resources, timeoutMs, retries, idempotencyKey, version, target, prefer, hedge, priority; did you mean "resources"?',
      ],
      [
        [{ nam: "a", fun: "f" }],
        'steps[0] has a key "nam"; a step has only name, fun, args, kwargs, resources, timeoutMs, retries, idempotencyKey, version, target, prefer, hedge, priority',
      ],
      [[{ nam: "a", fun: "f" }], 'did you mean "name"?'],
    ];
    for (const [steps, message] of wrong) fails(steps, "invalid-argument", message);
    expect(() => parsePlainRequest([{ name: "a", fun: "f" }], { timeoutMs: -1 })).toThrow("timeoutMs must be");
  });

  test("refuses arguments that are nested too deep or contain themselves", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(argsOf(nested(99))).toEqual([nested(99)]);
    const wide = Array.from({ length: 200 }, () => ({ rows: [{}] }));
    expect(argsOf(wide)).toEqual([wide]);
    fails([{ name: "a", fun: "f", args: [nested(100)] }], "not-encodable", "is nested deeper than 100");
    const loop: Record<string, unknown> = {};
    loop["self"] = { again: loop };
    fails([{ name: "a", fun: "f", args: [loop] }], "not-encodable", 'step "a", args[0].self.again.self');
    fails([{ name: "a", fun: "f", kwargs: loop }], "not-encodable", "or contains itself");
  });

  test("carries resources and times", () => {
    const spec = prepare(
      parsePlainRequest([{ name: "a", fun: "f", resources: ["x", "x"], timeoutMs: 5 }], {
        timeoutMs: 9,
        waitForCapacity: true,
      }),
    ).spec;
    expect(spec).toMatchObject({ timeoutMs: 9, steps: [{ name: "a", fun: "f", resources: ["x"], timeoutMs: 5 }] });
  });

  test("gives a function exactly the JSON that was wrapped in $value, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (json) => {
        const steps = [{ name: "a", fun: "echos", args: [{ $value: json }, { deep: [{ $value: json }] }] }];
        expect(await request(steps)).toEqual({ a: [json, { deep: [json] }] });
      }),
    );
  });
});
