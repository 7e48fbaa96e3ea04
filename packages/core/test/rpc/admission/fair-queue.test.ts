/** The fair queue, beside a naive one, and what it promises to callers and priorities. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairQueue } from "../../../src/rpc/admission/fair-queue.js";
import type { Entry } from "../../../src/rpc/admission/priority-class.js";

interface Waiting {
  readonly caller: string;
  readonly priority: number;
  readonly number: number;
}

/** Lists that are looked through. */
class NaiveQueue {
  readonly waiting: Waiting[] = [];
  readonly #passes = new Map<number, number>();
  /** Callers of each priority, who is next first. */
  readonly #turns = new Map<number, string[]>();
  #pass = 0;

  push(item: Waiting): void {
    const { priority, caller } = item;
    const own = this.waiting.filter((each) => each.priority === priority);
    if (own.length === 0) {
      this.#passes.set(priority, Math.max(this.#passes.get(priority) ?? 0, this.#pass + 512 / 2 ** priority));
      this.#turns.set(priority, []);
    }
    if (!own.some((each) => each.caller === caller)) this.#turns.get(priority)!.push(caller);
    this.waiting.push(item);
  }

  shift(): Waiting | undefined {
    const priorities = [...new Set(this.waiting.map(({ priority }) => priority))];
    const pass = (priority: number): number => this.#passes.get(priority)!;
    const [next] = priorities.sort((a, b) => pass(a) - pass(b) || b - a);
    if (next === undefined) return undefined;
    this.#pass = pass(next);
    this.#passes.set(next, this.#pass + 512 / 2 ** next);
    const turns = this.#turns.get(next)!;
    const caller = turns.shift()!;
    const item = this.waiting.find((each) => each.priority === next && each.caller === caller)!;
    this.remove(item);
    if (this.#hasMore(item)) turns.push(caller);
    return item;
  }

  remove(item: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(item), 1);
    if (this.#hasMore(item)) return;
    const turns = this.#turns.get(item.priority)!;
    if (turns.includes(item.caller)) turns.splice(turns.indexOf(item.caller), 1);
  }

  #hasMore({ priority, caller }: Waiting): boolean {
    return this.waiting.some((each) => each.priority === priority && each.caller === caller);
  }
}

/** What leaves, in its order, of what was pushed as `caller` and `priority`. */
/** Everything, in the order of turns. */
function takenOf<T>(queue: FairQueue<T>): T[] {
  const items: T[] = [];
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) items.push(entry.item);
  return items;
}

function orderOf(pushed: readonly (readonly [string, number])[]): string[] {
  const queue = new FairQueue<string>();
  for (const [caller, priority] of pushed) queue.push(`${caller}${priority}`, caller, priority);
  return takenOf(queue);
}

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

describe("turns", () => {
  test("callers take them one after the other, however much each has waiting (Q1) (P2)", () => {
    const order = orderOf([...times(4, ["a", 4] as const), ["b", 4], ["c", 4], ["b", 4]]);
    expect(order).toEqual(["a4", "b4", "c4", "a4", "b4", "a4", "a4"]);
  });

  test("within a caller the oldest goes first (P1)", () => {
    const queue = new FairQueue<number>();
    for (let number = 0; number < 5; number++) queue.push(number, "a", 4);
    expect(takenOf(queue)).toEqual([0, 1, 2, 3, 4]);
  });

  test("a higher priority has two for one of the next lower, and the lowest is not forgotten (Q1)", () => {
    const order = orderOf([
      ...times(100, ["a", 0] as const),
      ...times(400, ["a", 5] as const),
      ...times(400, ["a", 4] as const),
    ]);
    const first = order.slice(0, 300);
    const count = (name: string): number => first.filter((each) => each === name).length;
    expect(count("a5")).toBeGreaterThanOrEqual(190);
    expect(count("a4")).toBeGreaterThanOrEqual(90);
    expect(count("a0")).toBeGreaterThanOrEqual(3);
    expect(order).toHaveLength(900);
  });

  test("who comes after a pause has none saved up (Q3)", () => {
    const queue = new FairQueue<string>();
    for (let i = 0; i < 1_000; i++) queue.push("high", "a", 9);
    for (let i = 0; i < 900; i++) queue.shift();
    for (let i = 0; i < 100; i++) queue.push("low", "a", 0);
    const next = Array.from({ length: 50 }, () => queue.shift()?.item);
    expect(next.filter((item) => item === "high")).toHaveLength(50);
  });
});

describe("room", () => {
  /** A queue of `max`: who has no room and no right to it is turned away, else somebody has to leave. */
  const filled = (max: number, offers: readonly (readonly [string, number])[]): Map<string, number> => {
    const queue = new FairQueue<string>();
    for (const [caller, priority] of offers) {
      if (queue.size < max || queue.isEntitled(caller, priority)) queue.push(`${caller}${priority}`, caller, priority);
      if (queue.size > max) queue.evict();
    }
    const counts = new Map<string, number>();
    for (const item of takenOf(queue)) counts.set(item, (counts.get(item) ?? 0) + 1);
    return counts;
  };

  test("is given up by who has most of it to who has less (Q2)", () => {
    const counts = filled(100, [...times(1_000, ["a", 4] as const), ...times(10, ["b", 4] as const), ["c", 4]]);
    expect(Object.fromEntries(counts)).toEqual({ a4: 89, b4: 10, c4: 1 });
  });

  test("is shared evenly by those who want all of it (Q2)", () => {
    const counts = filled(
      90,
      [
        ["a", 4],
        ["b", 4],
        ["c", 4],
      ].flatMap((each) => times(200, each as [string, number])),
    );
    expect(Object.fromEntries(counts)).toEqual({ a4: 30, b4: 30, c4: 30 });
  });

  test("is shared by priorities as turns are: the higher do not take all (Q2)", () => {
    const counts = filled(90, [...times(200, ["a", 4] as const), ...times(200, ["a", 5] as const)]);
    expect(counts.get("a5")! + counts.get("a4")!).toBe(90);
    expect(Math.abs(counts.get("a5")! - 60)).toBeLessThanOrEqual(1);
  });

  test("of two with the same share nobody takes the other's place for ever (Q2)", () => {
    const queue = new FairQueue<string>();
    for (const caller of ["a", "b"]) for (let i = 0; i < 5; i++) queue.push(caller, caller, 4);
    expect([queue.isEntitled("a", 4), queue.isEntitled("b", 4), queue.isEntitled("c", 4)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

test("a newcomer is told how many are before it: one of each caller, all of a higher priority in its turns", () => {
  const queue = new FairQueue<number>();
  for (const caller of ["a", "b", "c"]) for (let i = 0; i < 10; i++) queue.push(i, caller, 4);
  expect(queue.aheadOf("d", 4)).toBe(3);
  expect(queue.aheadOf("a", 4)).toBe(30);
  expect(queue.aheadOf("d", 5)).toBe(1); // of three turns it has two
  expect(queue.aheadOf("d", 3)).toBe(2); // of three turns it has one
});

test("it does what a naive queue does, whatever comes, leaves and is removed (Q1) (Q3) (P1) (P2) (P3)", () => {
  const push = fc.record({ caller: fc.constantFrom("a", "b", "c", "d"), priority: fc.integer({ min: 0, max: 9 }) });
  const act = fc.oneof(
    { weight: 3, arbitrary: push },
    { weight: 2, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.nat() },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = new FairQueue<Waiting>();
      const naive = new NaiveQueue();
      const entries = new Map<Waiting, Entry<Waiting>>();
      acts.forEach((each, number) => {
        if (each === "shift") {
          expect(queue.shift()?.item).toBe(naive.shift());
        } else if (typeof each === "number") {
          const item = naive.waiting[each % naive.waiting.length];
          if (item === undefined) return;
          queue.remove(entries.get(item)!);
          naive.remove(item);
        } else {
          const item = { ...each, number };
          entries.set(item, queue.push(item, each.caller, each.priority));
          naive.push(item);
        }
        expect(queue.size).toBe(naive.waiting.length);
      });
      while (queue.size > 0) expect(queue.shift()?.item).toBe(naive.shift());
    }),
  );
});

test("nobody takes another's place to have as much as that one had (Q2)", () => {
  const queue = new FairQueue<number>();
  for (const caller of ["a", "a", "b"]) queue.push(0, caller, 4);
  expect([queue.isEntitled("b", 4), queue.isEntitled("c", 4)]).toEqual([false, true]);
  queue.push(0, "a", 4);
  expect(queue.isEntitled("b", 4)).toBe(true);
});

test("what has to leave is the newest of the longest line, whatever is in the queue (Q2)", () => {
  const push = fc.record({ caller: fc.constantFrom("a", "b", "c"), priority: fc.constantFrom(3, 4, 9) });
  fc.assert(
    fc.property(fc.array(push, { minLength: 1, maxLength: 100 }), (pushes) => {
      const queue = new FairQueue<Waiting>();
      const waiting = pushes.map((each, number) => ({ ...each, number }));
      for (const each of waiting) queue.push(each, each.caller, each.priority);
      for (let left = waiting; left.length > 0;) {
        const out = queue.evict()!.item;
        const shareOf = (priority: number): number =>
          left.filter((each) => each.priority === priority).length / 2 ** priority;
        const lineOf = ({ caller, priority }: Waiting): Waiting[] =>
          left.filter((each) => each.caller === caller && each.priority === priority);
        for (const each of left) expect(shareOf(out.priority)).toBeGreaterThanOrEqual(shareOf(each.priority));
        const rivals = left.filter(({ priority }) => priority === out.priority);
        for (const each of rivals) expect(lineOf(out).length).toBeGreaterThanOrEqual(lineOf(each).length);
        expect(out).toBe(lineOf(out).at(-1));
        left = left.filter((each) => each !== out);
      }
    }),
  );
});

test("a newcomer has no more before it than there are, however low its priority", () => {
  const queue = new FairQueue<string>();
  queue.push("one", "a", 9);
  expect(queue.aheadOf("b", 0)).toBe(1);
});

test("nobody takes a place of another priority to have more for its weight than that one had (Q2)", () => {
  const queue = new FairQueue<string>();
  for (const item of ["first", "second"]) queue.push(item, "a", 5);
  queue.push("third", "b", 4);
  expect(queue.isEntitled("b", 4)).toBe(false);
  queue.push("fourth", "a", 5);
  queue.push("fifth", "a", 5);
  queue.push("sixth", "a", 5);
  expect(queue.isEntitled("b", 4)).toBe(true);
});
