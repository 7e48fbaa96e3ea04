import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePattern } from "../../../src/base/index.js";
import { Backlog } from "../../../src/topics/backlog/backlog.js";
import { type BacklogLimits, defaultBacklogLimits } from "../../../src/topics/index.js";
import { Replay, type ReplayWish } from "../../../src/topics/backlog/replay.js";
import { note } from "../support.js";

const message = (id: number, length: number): Uint8Array => new Uint8Array(Math.max(4, length)).fill(id);
const all = parsePattern("#");

function replayed(
  backlog: Backlog,
  wish: ReplayWish,
  nowMs: number,
  pattern = all,
  passes = (): boolean => true,
): number[] {
  const replay = new Replay(backlog, [pattern], wish, passes, nowMs);
  const told: number[] = [];
  for (let next = replay.peek(nowMs); next !== undefined; next = replay.peek(nowMs)) {
    told.push(next[0] as number);
    replay.take();
  }
  expect(replay.takeMissed()).toBe(0);
  return told;
}

const everything: ReplayWish = { kind: "age", ageMs: Infinity };

interface Kept {
  readonly topic: string;
  readonly id: number;
  readonly length: number;
  readonly atMs: number;
}

const publish = fc.record({
  topic: fc.constantFrom("a", "b", "c", "d"),
  length: fc.constantFrom(4, 100, 700, 3_000),
  waitMs: fc.constantFrom(0, 1, 30),
});

describe("backlog", () => {
  test("of each topic the latest are kept, within age, count and bytes, and topics within theirs (G1, G2, G4, L1, L2, L3)", () => {
    const limits: BacklogLimits = {
      ...defaultBacklogLimits,
      ageMsMax: 50,
      messagesPerTopicMax: 4,
      bytesPerTopicMax: 2_000,
      topicsMax: 3,
    };
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 60 }), (steps) => {
        const backlog = new Backlog(limits);
        let kept: Kept[] = [];
        let nowMs = 0;
        steps.forEach(({ topic, length, waitMs }, id) => {
          nowMs += waitMs;
          backlog.append(topic, message(id, length), nowMs, Infinity);
          kept = kept.filter((each) => each.atMs > nowMs - 50);
          const use = new Map(kept.map((each) => [each.topic, each.id]));
          const oldest = [...use].sort((one, other) => one[1] - other[1])[0]?.[0];
          if (!use.has(topic) && use.size >= 3) kept = kept.filter((each) => each.topic !== oldest);
          kept.push({ topic, id, length, atMs: nowMs });
          let own = kept.filter((each) => each.topic === topic);
          while (own.length > 4 || own.reduce((sum, each) => sum + each.length, 0) > 2_000) own = own.slice(1);
          kept = kept.filter((each) => each.topic !== topic || own.includes(each));
          backlog.sweep(nowMs);
          expect(replayed(backlog, everything, nowMs)).toEqual(kept.map((each) => each.id));
          const last = kept.filter((each) => kept.findLast((other) => other.topic === each.topic) === each);
          expect(replayed(backlog, { kind: "last" }, nowMs)).toEqual(last.map((each) => each.id));
          const newest = kept.slice(-3).map((each) => each.id);
          expect(replayed(backlog, { kind: "count", count: 3 }, nowMs)).toEqual(newest);
          expect(backlog.topics).toBe(new Set(kept.map((each) => each.topic)).size);
          expect(backlog.sequence).toBe(id + 1);
        });
        backlog.sweep(nowMs + 50);
        expect([backlog.topics, backlog.messages, backlog.bytes]).toEqual([0, 0, 0]); // (G3)
      }),
      { numRuns: 500 },
    );
  });

  test("what is allocated stays within its bound, and is all given back (L1, G3, K1)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.constantFrom(10, 500, 5_000, 40_000, 90_000)), { maxLength: 200 }),
        (steps) => {
          const backlog = new Backlog({ ...defaultBacklogLimits, bytesMax: 200_000 });
          for (const [topic, length] of steps) {
            backlog.append(`t${topic}`, message(1, length), 0, Infinity);
            expect(backlog.bytes).toBeLessThanOrEqual(200_000);
            expect(replayed(backlog, everything, 0).length).toBe(backlog.messages);
            expect(backlog.messages).toBeGreaterThan(0);
          }
          backlog.sweep(defaultBacklogLimits.ageMsMax);
          expect([backlog.topics, backlog.messages, backlog.bytes]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("what is kept is a copy (K1)", () => {
    const backlog = new Backlog(defaultBacklogLimits);
    const received = message(7, 50);
    backlog.append("a", received, 0, Infinity);
    received.fill(0);
    expect(replayed(backlog, everything, 0)).toEqual([7]);
  });

  test("with a bound of 0 nothing is kept, and messages are numbered all the same (L4)", () => {
    for (const off of [{ ageMsMax: 0 }, { messagesPerTopicMax: 0 }, { topicsMax: 0 }, { bytesMax: 0 }]) {
      const backlog = new Backlog({ ...defaultBacklogLimits, ...off });
      for (let id = 0; id < 5; id++) backlog.append("a", message(id, 10), 0, Infinity);
      expect([backlog.topics, backlog.messages, backlog.bytes, backlog.sequence]).toEqual([0, 0, 0, 5]);
    }
  });
});

describe("replay", () => {
  test("what has expired is not told, be it the last value (Y4)", () => {
    const backlog = new Backlog(defaultBacklogLimits);
    backlog.append("a", message(1, 4), 0, Infinity);
    backlog.append("a", message(2, 4), 0, 10);
    expect(replayed(backlog, { kind: "last" }, 9)).toEqual([2]);
    expect(replayed(backlog, { kind: "last" }, 10)).toEqual([]);
    expect(replayed(backlog, { kind: "count", count: 1 }, 10)).toEqual([1]);
    expect(replayed(backlog, everything, 10)).toEqual([1]);
  });

  test("age counts from when a message came, and a filter decides what counts", () => {
    const backlog = new Backlog(defaultBacklogLimits);
    for (let id = 0; id < 10; id++) backlog.append(`a.${id % 3}`, message(id, 4), id * 10, Infinity);
    expect(replayed(backlog, { kind: "age", ageMs: 20 }, 90)).toEqual([7, 8, 9]);
    expect(replayed(backlog, everything, 90, parsePattern("a.1"))).toEqual([1, 4, 7]);
    const even = (kept?: Uint8Array): boolean => (kept?.[0] ?? 1) % 2 === 0;
    expect(replayed(backlog, { kind: "count", count: 2 }, 90, all, even)).toEqual([6, 8]);
  });

  test("what comes later is not told, and what leaves before it was told is counted where it was (Y1, Y3)", () => {
    const backlog = new Backlog({ ...defaultBacklogLimits, messagesPerTopicMax: 3, topicsMax: 2 });
    const append = (topic: string, id: number): void => {
      backlog.append(topic, message(id, 4), 0, Infinity);
    };
    append("a", 1);
    append("b", 2);
    append("a", 3);
    append("b", 4);
    append("a", 5);
    const replay = new Replay(backlog, [all], everything, () => true, 0);
    const next = (): readonly (number | undefined)[] => {
      const told = replay.peek(0)?.[0];
      const missed = replay.takeMissed();
      replay.take();
      return [missed, told];
    };
    expect(next()).toEqual([0, 1]);
    append("a", 6);
    append("a", 7);
    append("a", 8); // 3 and 5 have left
    expect(next()).toEqual([0, 2]);
    expect(next()).toEqual([2, 4]);
    append("b", 9);
    expect(next()).toEqual([0, undefined]);
    const other = new Replay(backlog, [parsePattern("a")], everything, () => true, 0);
    append("b", 10);
    append("c", 11); // "a" was published to longest ago
    expect([other.peek(0), other.takeMissed()]).toEqual([undefined, 3]);
  });
});

describe("whether it is whole", () => {
  const patterns = [parsePattern("a.#")];

  test("it is while nothing has left for want of room, topic by topic, nor for its age (L5)", () => {
    const backlog = new Backlog({ ...defaultBacklogLimits, messagesPerTopicMax: 2, ageMsMax: 1_000 });
    const append = (topic: string, nowMs: number): void => {
      backlog.append(topic, note(topic, 1), nowMs, Infinity);
    };
    for (const nowMs of [100, 200, 300]) append("b", nowMs);
    append("a.1", 310);
    append("a.1", 320);
    expect(backlog.isWholeSince(patterns, 300, 400)).toBe(true);
    append("a.1", 330); // the first one leaves
    expect(backlog.isWholeSince(patterns, 310, 400)).toBe(false);
    expect(backlog.isWholeSince(patterns, 311, 400)).toBe(true);
    expect(backlog.isWholeSince([parsePattern("a.2")], 0, 400)).toBe(true);
    expect(backlog.isWholeSince(patterns, 400, 1_400)).toBe(false);
    expect(backlog.isWholeSince(patterns, 401, 1_400)).toBe(true);
  });

  test("a time is cut where something of it has left for want of room, or it began before what is kept; not where that is just as old (L6)", () => {
    const backlog = new Backlog({ ...defaultBacklogLimits, messagesPerTopicMax: 2, ageMsMax: 10_000 });
    const isCut = (sinceMs: number, nowMs: number): boolean => backlog.isCutSince(patterns, sinceMs, nowMs);
    for (const nowMs of [100, 200]) backlog.append("a.1", note("a.1", 1), nowMs, Infinity);
    expect([isCut(0, 300), isCut(0, 15_000), isCut(0, 15_001)]).toEqual([false, false, true]);
    backlog.append("a.1", note("a.1", 1), 300, Infinity); // the first one leaves
    expect([isCut(100, 400), isCut(101, 400)]).toEqual([true, false]);
    expect(backlog.isCutSince([parsePattern("b")], 100, 400)).toBe(false);
    expect(new Backlog({ ...defaultBacklogLimits, topicsMax: 0 }).isCutSince(patterns, 100, 200)).toBe(true);
  });

  test("topics that were forgotten for want of room, and messages that were too large, are remembered as gone (L5)", () => {
    const few = new Backlog({ ...defaultBacklogLimits, topicsMax: 1 });
    few.append("a.1", note("a.1", 1), 100, Infinity);
    expect(few.isWholeSince(patterns, 50, 200)).toBe(true);
    few.append("a.2", note("a.2", 1), 150, Infinity);
    expect(few.isWholeSince(patterns, 100, 200)).toBe(false);
    expect(few.isWholeSince(patterns, 101, 200)).toBe(true);
    const small = new Backlog({ ...defaultBacklogLimits, bytesPerTopicMax: 100 });
    small.append("a.1", note("a.1", 1, {}, 1_000), 100, Infinity);
    expect(small.isWholeSince(patterns, 100, 200)).toBe(false);
    expect(small.isWholeSince(patterns, 101, 200)).toBe(true);
    expect(new Backlog({ ...defaultBacklogLimits, topicsMax: 0 }).isWholeSince(patterns, 100, 200)).toBe(false);
  });
});
