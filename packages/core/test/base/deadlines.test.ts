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
});
