import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { type Plan, planRequest, unconsumedSteps } from "../../../src/rpc/graph/plan.js";
import type { Binding } from "../../../src/rpc/types.js";

interface Step {
  readonly name: string;
  readonly bindings: readonly Binding[];
}

/** Steps named by their number, each using the results of those listed. */
function stepsUsing(uses: readonly (readonly number[])[]): Step[] {
  return uses.map((used, index) => ({ name: `s${index}`, bindings: used.map((step) => ({ step, path: [] })) }));
}

function plan(steps: readonly Step[], outputs: readonly Binding[] = []): Plan {
  return planRequest({ steps, outputs });
}

function dependentsOf({ dependents, dependentsStart }: Plan, step: number): number[] {
  return [...dependents.subarray(dependentsStart[step], dependentsStart[step + 1])];
}

function failure(steps: readonly Step[], outputs: readonly Binding[] = []): MpregError {
  try {
    plan(steps, outputs);
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
  throw new Error("it was planned");
}

/** Steps that can never run, found by asking each step again and again until nothing changes. */
function stuck(uses: readonly (readonly number[])[]): Set<number> {
  const left = new Set(uses.keys());
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const step of left) if (uses[step]!.every((used) => !left.has(used))) left.delete(step);
  }
  return left;
}

const anyGraph = fc
  .integer({ min: 1, max: 12 })
  .chain((size) => fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }));

const acyclicGraph = fc
  .integer({ min: 1, max: 30 })
  .chain((size) => {
    const used = Array.from({ length: size }, (_, step) =>
      step === 0 ? fc.constant([]) : fc.array(fc.nat(step - 1), { maxLength: 5 }),
    );
    return fc.tuple(fc.tuple(...used), fc.shuffledSubarray([...Array(size).keys()], { minLength: size }));
  })
  .map(([uses, order]) => {
    // renumber, so that references also point forward
    const moved: number[][] = [];
    uses.forEach((used, step) => (moved[order[step]!] = used.map((other) => order[other]!)));
    return moved;
  });

describe("planRequest", () => {
  test("counts for each step the distinct steps it waits for, and lists those waiting for it (L2)", () => {
    const planned = plan(stepsUsing([[], [0, 0], [1, 0, 1], [], [2, 3]]));
    expect([...planned.waitsFor]).toEqual([0, 1, 2, 0, 2]);
    expect([...planned.roots]).toEqual([0, 3]);
    expect([0, 1, 2, 3, 4].map((step) => dependentsOf(planned, step))).toEqual([[1, 2], [2], [4], [4], []]);
  });

  test("agrees with a naive planner on every graph without cycles", () => {
    fc.assert(
      fc.property(acyclicGraph, (uses) => {
        const planned = plan(stepsUsing(uses));
        uses.forEach((used, step) => {
          expect(planned.waitsFor[step]).toBe(new Set(used).size);
          const users = [...uses.keys()].filter((user) => uses[user]!.includes(step));
          expect(dependentsOf(planned, step)).toEqual(users);
        });
        expect([...planned.roots]).toEqual([...uses.keys()].filter((step) => uses[step]!.length === 0));
      }),
    );
  });

  test("executed step by step, it runs each step once, after all that it uses", () => {
    fc.assert(
      fc.property(acyclicGraph, fc.infiniteStream(fc.nat()), (uses, choices) => {
        const planned = plan(stepsUsing(uses));
        const waitsFor = planned.waitsFor.slice();
        const ready = [...planned.roots];
        const done: number[] = [];
        while (ready.length > 0) {
          const [step] = ready.splice((choices.next().value as number) % ready.length, 1) as [number];
          expect(uses[step]!.every((used) => done.includes(used))).toBe(true);
          done.push(step);
          for (const dependent of dependentsOf(planned, step)) if (--waitsFor[dependent]! === 0) ready.push(dependent);
        }
        expect(done.toSorted((a, b) => a - b)).toEqual([...uses.keys()]);
      }),
    );
  });

  test("refuses exactly the graphs with a cycle, and names one that exists (L3)", () => {
    fc.assert(
      fc.property(anyGraph, (uses) => {
        const steps = stepsUsing(uses);
        if (stuck(uses).size === 0) {
          expect(() => plan(steps)).not.toThrow();
          return;
        }
        const error = failure(steps);
        expect(error.code).toBe("cycle");
        const names = /cycle: (.*) \(each/.exec(error.message)![1]!.split(" → ");
        const cycle = names.map((name) => Number(name.slice(1)));
        expect(cycle.length).toBeGreaterThan(1);
        expect(cycle[0]).toBe(cycle.at(-1));
        expect(new Set(cycle).size).toBe(cycle.length - 1);
        for (let i = 1; i < cycle.length; i++) expect(uses[cycle[i - 1]!]).toContain(cycle[i]);
        expect(error.step).toBe(names[0]);
      }),
      { numRuns: 500 },
    );
  });

  test("names a step that uses its own result as a cycle", () => {
    expect(failure(stepsUsing([[], [0, 1]]))).toMatchObject({
      code: "cycle",
      message: "The references form a cycle: s1 → s1 (each step needs the next)",
    });
    expect(failure(stepsUsing([[0]])).message).toContain("s0 → s0");
  });

  test("does not name steps that only wait for a cycle", () => {
    expect(failure(stepsUsing([[1], [2], [3], [2]])).message).toContain(": s2 → s3 → s2 (");
  });

  test("plans a chain of a million steps, and names a cycle of a million without listing it (L1)", () => {
    const size = 1_000_000;
    const steps: Step[] = [];
    for (let step = 1; step < size; step++) steps.push({ name: `s${step - 1}`, bindings: [{ step, path: [] }] });
    steps.push({ name: "last", bindings: [] });
    expect(plan(steps).roots).toEqual(Int32Array.of(size - 1));
    steps[size - 1] = { name: "last", bindings: [{ step: 0, path: [] }] };
    const { message } = failure(steps);
    expect(message).toContain("s0 → s1 → s2");
    expect(message).toContain("(999980 more) → s0");
    expect(message.length).toBeLessThan(300);
  });

  test("refuses a request without steps", () => {
    expect(failure([]).code).toBe("empty-request");
  });

  test("refuses two steps of one name, prototype names included only when they are there twice", () => {
    expect(failure([...stepsUsing([[], []]), ...stepsUsing([[]])])).toMatchObject({
      code: "duplicate-step",
      step: "s0",
    });
    const named = ["__proto__", "constructor", "toString"].map((name) => ({ name, bindings: [] }));
    expect(() => plan(named)).not.toThrow();
  });

  test("refuses numbers of steps that the request does not have, in arguments and outputs", () => {
    for (const step of [2, -1, 0.5, NaN, 2 ** 40, Infinity]) {
      expect(failure(stepsUsing([[], [step]]))).toMatchObject({ code: "unknown-reference", step: "s1" });
      expect(failure(stepsUsing([[], []]), [{ step, path: [] }]).code).toBe("unknown-reference");
    }
    expect(() => plan(stepsUsing([[], []]), [{ step: 1, path: ["x"] }])).not.toThrow();
    expect(failure(stepsUsing([[]]), [{ step: 1, path: [] }]).code).toBe("unknown-reference");
  });

  test("keeps very long names out of its messages", () => {
    const name = "x".repeat(100_000);
    expect(failure([{ name, bindings: [{ step: 0, path: [] }] }]).message.length).toBeLessThan(300);
  });

  test("plans a single step without references like any other", () => {
    const planned = plan(stepsUsing([[]]));
    expect([...planned.waitsFor]).toEqual([0]);
    expect([...planned.roots]).toEqual([0]);
    expect(dependentsOf(planned, 0)).toEqual([]);
  });
});

describe("unconsumedSteps", () => {
  test("lists the steps whose result no other step uses, in the order of the request", () => {
    fc.assert(
      fc.property(acyclicGraph, (uses) => {
        const used = new Set(uses.flat());
        expect(unconsumedSteps(stepsUsing(uses))).toEqual([...uses.keys()].filter((step) => !used.has(step)));
      }),
    );
  });
});
