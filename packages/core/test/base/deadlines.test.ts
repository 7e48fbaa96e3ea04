import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Deadline, Deadlines } from "../../src/base/index.js";

interface Named extends Deadline {
  readonly name: number;
}

function item(name: number): Named {
  return { name, dueMs: 0, sequence: 0, heapIndex: -1 };
}

function takeAll(deadlines: Deadlines<Named>, nowMs: number): number[] {
  const names: number[] = [];
  for (let due = deadlines.takeDue(nowMs); due !== undefined; due = deadlines.takeDue(nowMs)) names.push(due.name);
  return names;
}

describe("deadlines", () => {
  test("items leave by their time, and those of one time in the order in which it was set (D1)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 40 }), (times) => {
        const deadlines = new Deadlines<Named>();
        times.forEach((dueMs, name) => deadlines.set(item(name), dueMs));
        const sorted = [...times.keys()].sort((a, b) => times[a]! - times[b]! || a - b);
        expect(takeAll(deadlines, 5)).toEqual(sorted);
      }),
    );
  });

  test("a time set again counts from then on, also for the order among equals (D1)", () => {
    const deadlines = new Deadlines<Named>();
    const [first, second] = [item(1), item(2)];
    deadlines.set(first, 10);
    deadlines.set(second, 10);
    deadlines.set(first, 10);
    expect(deadlines.size).toBe(2);
    expect(takeAll(deadlines, 10)).toEqual([2, 1]);
  });

  test("nothing leaves before its time", () => {
    const deadlines = new Deadlines<Named>();
    deadlines.set(item(1), 10);
    expect(deadlines.nextDueMs).toBe(10);
    expect(deadlines.takeDue(9.999)).toBeUndefined();
    expect(deadlines.takeDue(10)?.name).toBe(1);
    expect(deadlines.nextDueMs).toBe(Infinity);
  });

  test("a removed item never leaves, and can be set again (D2)", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ dueMs: fc.nat(5), removed: fc.boolean() })), (entries) => {
        const deadlines = new Deadlines<Named>();
        const items = entries.map(({ dueMs }, name) => {
          const each = item(name);
          deadlines.set(each, dueMs);
          return each;
        });
        entries.forEach(({ removed }, name) => {
          if (removed) deadlines.remove(items[name]!);
        });
        const left = takeAll(deadlines, 5);
        expect(left.toSorted((a, b) => a - b)).toEqual([...entries.keys()].filter((name) => !entries[name]!.removed));
        for (const each of items) deadlines.set(each, 0);
        expect(deadlines.size).toBe(items.length);
      }),
    );
  });

  test("however times come and go, what is due next is what a list would say (D1) (D2) (D3)", () => {
    const moves = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), name: fc.nat(60), dueMs: fc.integer({ min: 0, max: 200 }) }),
      fc.record({
        kind: fc.constant("later" as const),
        name: fc.nat(60),
        delayMs: fc.constantFrom(5, 30, 30, 90, 500),
      }),
      fc.record({ kind: fc.constant("remove" as const), name: fc.nat(60) }),
      fc.record({ kind: fc.constant("take" as const), ms: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 400, size: "max" }), (steps) => {
        const deadlines = new Deadlines<Named>();
        const items = Array.from({ length: 61 }, (_, name) => item(name));
        let model: { name: number; dueMs: number; at: number }[] = [];
        let nowMs = 0;
        const set = (name: number, dueMs: number, at: number): void => {
          deadlines.set(items[name]!, dueMs);
          model = [...model.filter((each) => each.name !== name), { name, dueMs, at }];
        };
        steps.forEach((step, at) => {
          if (step.kind === "set") set(step.name, step.dueMs, at);
          else if (step.kind === "later") set(step.name, nowMs + step.delayMs, at);
          else if (step.kind === "remove") {
            deadlines.remove(items[step.name]!);
            model = model.filter(({ name }) => name !== step.name);
          } else {
            nowMs += step.ms;
            const due = model.filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs || a.at - b.at);
            expect(takeAll(deadlines, nowMs)).toEqual(due.map(({ name }) => name));
            model = model.filter(({ dueMs }) => dueMs > nowMs);
            const inside = items.filter(({ heapIndex }) => heapIndex >= 0).map(({ name }) => name);
            expect(inside).toEqual(model.map(({ name }) => name).sort((a, b) => a - b));
            expect(deadlines.size).toBe(model.length);
          }
          if (deadlines.nextDueMs !== Math.min(...model.map(({ dueMs }) => dueMs))) {
            expect.fail(`${deadlines.nextDueMs} is due next, of ${JSON.stringify(model)}`);
          }
        });
      }),
    );
  });
});
