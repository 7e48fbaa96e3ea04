import { describe, expect, test } from "vitest";
import { type Deadline, Deadlines } from "../../src/base/index.js";
import { DueRun } from "../../src/base/due-run.js";

const base = 1 << 26;

function due(dueMs: number): Deadline {
  return { dueMs, sequence: dueMs, heapIndex: -1 };
}

describe("due run", () => {
  test("what is removed in any order leaves what remains in its order (R1) (R3)", () => {
    const run = new DueRun<Deadline>(base);
    const items = Array.from({ length: 100 }, (_, at) => due(at));
    for (const each of items) run.push(each);
    const removed = (dueMs: number): boolean => dueMs % 3 !== 1;
    for (const each of items) if (removed(each.dueMs)) run.remove(each);
    expect(run.lastDueMs).toBe(97);
    const left: number[] = [];
    for (let first = run.first; first !== undefined; first = run.first) {
      left.push(first.dueMs);
      run.remove(first);
    }
    expect(left).toEqual(items.map(({ dueMs }) => dueMs).filter((dueMs) => !removed(dueMs)));
    expect(items.every(({ heapIndex }) => heapIndex === -1)).toBe(true);
    expect(run.lastDueMs).toBe(-Infinity);
  });

  test("one item that stays does not make the ring grow with those that come and go after it (R2)", () => {
    const run = new DueRun<Deadline>(base);
    run.push(due(0));
    let highest = 0;
    for (let at = 1; at <= 10_000; at += 3) {
      const batch = [due(at), due(at + 1), due(at + 2)];
      for (const each of batch) run.push(each);
      for (const each of batch) highest = Math.max(highest, each.heapIndex - base);
      // the last one stays until the next batch has come, so that the end of the ring moves on
      run.remove(batch[0]!);
      run.remove(batch[1]!);
      if (at > 1) run.remove(previous!);
      previous = batch[2];
    }
    expect(run.size).toBe(2);
    expect(highest).toBeLessThan(16);
  });

  let previous: Deadline | undefined;

  test("a ring that was long is let go when it is empty (R2)", () => {
    const run = new DueRun<Deadline>(base);
    const items = Array.from({ length: 5_000 }, (_, at) => due(at));
    for (const each of items) run.push(each);
    for (const each of items) run.remove(each);
    const next = Array.from({ length: 17 }, (_, at) => due(at));
    for (const each of next) run.push(each);
    expect(next[16]!.heapIndex - base).toBe(16);
    run.remove(next[0]!);
    for (let at = 17; at < 33; at++) run.push(due(at)); // the ring has 32 slots again: the first is used anew
    expect(run.size).toBe(32);
    const slots = new Set<number>();
    for (let first = run.first; first !== undefined; first = run.first) {
      slots.add(first.heapIndex - base);
      run.remove(first);
    }
    expect(Math.max(...slots)).toBe(31);
  });

  test("single items far ahead leave the runs to those that are set in order (D3)", () => {
    const deadlines = new Deadlines<Deadline>();
    const far = Array.from({ length: 8 }, () => due(0));
    far.forEach((each, at) => {
      deadlines.set(each, 1_000_000 - at);
    });
    const near = Array.from({ length: 50 }, (_, at) => due(at));
    for (const each of near) deadlines.set(each, each.dueMs);
    expect(near.every(({ heapIndex }) => heapIndex >= base)).toBe(true);
    const left: Deadline[] = [];
    for (let next = deadlines.takeDue(Infinity); next !== undefined; next = deadlines.takeDue(Infinity))
      left.push(next);
    expect(left).toEqual([...near, ...far.toReversed()]);
  });
});
