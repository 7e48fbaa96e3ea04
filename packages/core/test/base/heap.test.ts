import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Heap, type HeapItem } from "../../src/base/index.js";

interface Item extends HeapItem {
  readonly rank: number;
  readonly sequence: number;
}

const earlier = (a: Item, b: Item): boolean => a.rank < b.rank || (a.rank === b.rank && a.sequence < b.sequence);

/** Pushes an item of that rank, pops, or removes the item that was pushed as the so-manieth. */
const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("push" as const), rank: fc.nat(9) }),
    fc.record({ kind: fc.constant("pop" as const) }),
    fc.record({ kind: fc.constant("remove" as const), which: fc.nat(60) }),
  ),
  { maxLength: 120 },
);

describe("heap", () => {
  test("it gives what a sorted list gives, whatever is pushed, popped and removed (H2)", () => {
    fc.assert(
      fc.property(operations, (steps) => {
        const heap = new Heap<Item>(earlier);
        const pushed: Item[] = [];
        let inside: Item[] = [];
        for (const step of steps) {
          if (step.kind === "push") {
            const item = { rank: step.rank, sequence: pushed.length, heapIndex: -1 };
            pushed.push(item);
            inside.push(item);
            heap.push(item);
          } else if (step.kind === "pop") {
            const first = inside.reduce<Item | undefined>(
              (a, b) => (a === undefined || earlier(b, a) ? b : a),
              undefined,
            );
            expect(heap.pop()).toBe(first);
            inside = inside.filter((item) => item !== first);
          } else {
            const item = pushed[step.which];
            if (item === undefined) continue;
            heap.remove(item);
            inside = inside.filter((other) => other !== item);
          }
          expect(heap.size).toBe(inside.length);
          for (const item of pushed) expect(item.heapIndex >= 0).toBe(inside.includes(item)); // (H1)
        }
        const rest = inside.sort((a, b) => a.rank - b.rank || a.sequence - b.sequence);
        expect(rest.map(() => heap.pop())).toEqual(rest);
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });

  test("every item knows its place, and no two the same (H1)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 40 }), fc.array(fc.nat(39)), (ranks, removed) => {
        const heap = new Heap<Item>(earlier);
        const items = ranks.map((rank, sequence) => ({ rank, sequence, heapIndex: -1 }));
        for (const item of items) heap.push(item);
        for (const which of removed) if (items[which] !== undefined) heap.remove(items[which]);
        const places = items.map((item) => item.heapIndex).filter((place) => place >= 0);
        expect(places.sort((a, b) => a - b)).toEqual([...Array(heap.size).keys()]);
      }),
    );
  });

  test("the item that takes a removed one's place may have to go up (H2)", () => {
    const heap = new Heap<Item>(earlier);
    const ranks = [1, 50, 2, 60, 70, 3, 4, 61, 62, 71, 72, 5, 6, 7, 8];
    const items = ranks.map((rank, sequence) => ({ rank, sequence, heapIndex: -1 }));
    for (const item of items) heap.push(item);
    heap.remove(items[3]!); // 8 takes the place of 60, below 50
    expect(items.slice(1).map(() => heap.pop()?.rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 50, 61, 62, 70, 71, 72]);
  });

  test("removing an item that is outside changes nothing", () => {
    const heap = new Heap<Item>(earlier);
    const inside = { rank: 1, sequence: 0, heapIndex: -1 };
    heap.push(inside);
    heap.remove({ rank: 0, sequence: 1, heapIndex: -1 });
    expect(heap.size).toBe(1);
    expect(heap.peek()).toBe(inside);
  });
});
