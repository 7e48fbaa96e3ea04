import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BufferTotals, MessageBuffer } from "../../../src/topics/delivery/buffer.js";
import { collectGarbage } from "../../support/garbage.js";

const body = (id: number, length: number): Uint8Array => new Uint8Array(length).fill(id);

/** A list for each priority, of ids and of what is missing (`-1` each). */
class Naive {
  readonly lanes = new Map<number, number[]>([9, 4, 0].map((priority) => [priority, []]));
  lane(priority: number): number[] {
    return this.lanes.get(priority) as number[];
  }
  get ids(): number[] {
    return [...this.lanes.values()].flat().filter((each) => each >= 0);
  }
}

const step = fc.record({
  kind: fc.constantFrom("oldest", "newest", "take", "lose-all"),
  priority: fc.constantFrom(0, 4, 9),
  length: fc.integer({ min: 1, max: 40 }),
});

describe("buffer", () => {
  test("what waits comes by priority and order, and what was dropped is missing where it was (B1, B2, B3, B4)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const totals: BufferTotals = { dropped: 0, expired: 0 };
        const buffer = new MessageBuffer(4, 100, totals);
        const naive = new Naive();
        const lengths = new Map<number, number>();
        const bytes = (): number => naive.ids.reduce((sum, id) => sum + (lengths.get(id) as number), 0);
        let dropped = 0;
        const drop = (lane: number[]): void => {
          lane[lane.findIndex((each) => each >= 0)] = -1;
          dropped += 1;
        };
        const fits = (length: number): boolean =>
          naive.ids.length === 0 || (naive.ids.length < 4 && bytes() + length <= 100);
        const take = (): void => {
          const missed = buffer.takeMissed(0);
          const first = buffer.first(0);
          const lane = [...naive.lanes.values()].find((each) => each.length > 0) ?? [];
          let expectedMissed = 0;
          for (; lane[0] === -1; lane.shift()) expectedMissed += 1;
          expect(missed).toBe(expectedMissed);
          const expected = lane.length > 0 ? lane.shift() : undefined;
          if (expected === undefined) return; // the next priority may have something missing, too
          expect(first?.body[0]).toBe(expected);
          buffer.shift(0);
        };
        steps.forEach(({ kind, priority, length }, id) => {
          lengths.set(id, length);
          if (kind === "take") take();
          else if (kind === "lose-all") {
            buffer.loseAll(0);
            for (const lane of naive.lanes.values()) while (lane.some((each) => each >= 0)) drop(lane);
          } else {
            expect(buffer.hasRoom(length)).toBe(fits(length));
            const lanes = [...naive.lanes].toReversed();
            while (kind === "oldest" && !fits(length)) {
              const [lowest, lane] = lanes.find(([, each]) => each.some((other) => other >= 0)) as [number, number[]];
              if (lowest > priority) break;
              drop(lane);
            }
            const kept = kind === "oldest" ? buffer.makeRoom(length, priority, 0) : buffer.hasRoom(length);
            expect(kept).toBe(fits(length));
            if (kept) buffer.push(body(id, length), priority, Infinity);
            else buffer.lose(priority);
            naive.lane(priority).push(kept ? id : -1);
            if (!kept) dropped += 1;
          }
          expect([buffer.size, buffer.bytes, buffer.dropped, totals.dropped]).toEqual([
            naive.ids.length,
            bytes(),
            dropped,
            dropped,
          ]);
          expect(buffer.size <= 1 || (buffer.size <= 4 && buffer.bytes <= 100)).toBe(true); // (B1)
        });
        for (let left = 0; left < 100; left++) take();
        expect([buffer.isIdle, buffer.size, buffer.bytes]).toEqual([true, 0, 0]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("what has expired neither comes nor is missing, and what was missing before it still is (B5)", () => {
    const totals: BufferTotals = { dropped: 0, expired: 0 };
    const buffer = new MessageBuffer(2, 100, totals);
    buffer.push(body(1, 1), 4, Infinity);
    buffer.push(body(2, 1), 4, 10);
    buffer.makeRoom(1, 4, 0); // drops 1
    buffer.push(body(3, 1), 4, Infinity);
    expect(buffer.takeMissed(10)).toBe(1);
    expect(buffer.first(10)?.body[0]).toBe(3);
    expect(totals).toEqual({ dropped: 1, expired: 1 });
    buffer.shift(10);
    buffer.push(body(4, 1), 4, 11);
    expect(buffer.first(11)).toBeUndefined();
    expect([buffer.isIdle, buffer.bytes]).toEqual([true, 0]);
  });

  test("what it copies is its own, and nobody's memory but that of neighbours of one priority (B6)", () => {
    const buffer = new MessageBuffer(1_000, 1_000_000, { dropped: 0, expired: 0 });
    const sizes = [1, 700, 1_024, 1_025, 5_000, 0];
    const wanted: [number, number][] = [];
    for (let id = 1; id <= 200; id++) {
      const length = sizes[id % sizes.length]!;
      const given = body(id, length);
      buffer.pushCopy(given, id % 2 === 0 ? 9 : 0, Infinity);
      given.fill(0); // it was somebody else's
      wanted.push([id, length]);
    }
    const told: [number, number, number][] = [];
    const memories = new Map<ArrayBufferLike, Set<number>>();
    buffer.takeAll(({ body: bytes, priority }) => {
      const [id = -1] = bytes;
      expect(bytes.every((byte) => byte === id)).toBe(true);
      told.push([priority, id, bytes.length]);
      if (bytes.length === 0) return;
      const priorities = memories.get(bytes.buffer) ?? new Set();
      memories.set(bytes.buffer, priorities.add(priority));
    }, 0);
    const of = (parity: number, priority: number): [number, number, number][] =>
      wanted.filter(([id]) => id % 2 === parity).map(([id, length]) => [priority, length === 0 ? -1 : id, length]);
    expect(told).toEqual([...of(0, 9), ...of(1, 0)]);
    expect([...memories.values()].every(({ size }) => size === 1)).toBe(true);
    expect(memories.size).toBeLessThan(200);
  });

  test("what was copied is not held once it has left, and neither is its chunk (B6)", async () => {
    const buffer = new MessageBuffer(1_000, 1_000_000, { dropped: 0, expired: 0 });
    const held = (): WeakRef<ArrayBufferLike>[] => {
      for (let id = 1; id <= 20; id++) buffer.pushCopy(body(id, 900), 4, Infinity);
      const memories: WeakRef<ArrayBufferLike>[] = [];
      buffer.takeAll(({ body: bytes }) => memories.push(new WeakRef(bytes.buffer)), 0);
      return memories;
    };
    const memories = held();
    await collectGarbage();
    await collectGarbage();
    expect(memories.map((memory) => memory.deref())).toEqual(memories.map(() => undefined));
  });
});
