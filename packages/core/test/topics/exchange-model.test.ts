/** Exchanges in random hands, beside one that is too simple to be wrong: who should have heard what, in which order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePattern } from "../../src/base/index.js";
import { type HeaderFilter, type Overflow, type ReplayWish, overflows } from "../../src/topics/index.js";
import { anyPattern, anyTopic, naiveMatch, wordsOf } from "../support/topics.js";
import { World } from "./support.js";

interface Sent {
  readonly id: number;
  readonly topic: string;
  readonly header: string;
  readonly atMs: number;
}

/** What a subscription should hear: what it asked for of the past, then all that matches until it ends. */
interface Expected {
  readonly key: string;
  readonly patterns: readonly string[];
  readonly filter: HeaderFilter | undefined;
  readonly overflow: Overflow;
  readonly replayed: readonly number[];
  readonly live: number[];
  isOver: boolean;
}

const anyFilter = fc.constantFrom<HeaderFilter | undefined>(
  undefined,
  undefined,
  { match: "all", headers: { h: true } },
  { match: "all", headers: { h: "x", g: true } },
  { match: "any", headers: { h: "y", g: "z" } },
);

const anyReplay = fc.oneof(
  fc.constant(undefined),
  fc.nat(20).map((ageMs): ReplayWish => ({ kind: "age", ageMs })),
  fc.integer({ min: 1, max: 5 }).map((count): ReplayWish => ({ kind: "count", count })),
  fc.constant<ReplayWish>({ kind: "last" }),
);

const place = { outlet: fc.nat(2), number: fc.nat(3) };
const few = <T>(kind: T): fc.Arbitrary<T> => fc.constant(kind);

const subscribe = fc.record({
  kind: few("subscribe" as const),
  ...place,
  patterns: fc.array(anyPattern, { minLength: 1, maxLength: 3 }),
  filter: anyFilter,
  replay: anyReplay,
  group: fc.constantFrom(undefined, undefined, "g", "h"),
  overflow: fc.constantFrom(...overflows),
  windowBytes: fc.constantFrom(1, 40, 10_000),
  bufferMessagesMax: fc.integer({ min: 1, max: 6 }),
});
const publish = fc.record({ kind: few("publish" as const), topic: anyTopic, header: fc.constantFrom("", "x", "y") });
const take = fc.record({ kind: few("take" as const), ...place, count: fc.integer({ min: 1, max: 4 }) });
const end = fc.record({ kind: fc.constantFrom("unsubscribe" as const, "close" as const), ...place });
const step = fc.oneof(
  { arbitrary: subscribe, weight: 4 },
  { arbitrary: publish, weight: 12 },
  { arbitrary: take, weight: 8 },
  { arbitrary: end, weight: 1 },
);

const headersOf = (header: string): ReadonlyMap<string, string> =>
  new Map(
    header === ""
      ? []
      : [
          ["h", header],
          ["g", "z"],
        ],
  );

function wants({ patterns, filter }: Pick<Expected, "patterns" | "filter">, { topic, header }: Sent): boolean {
  if (!patterns.some((pattern) => naiveMatch(wordsOf(parsePattern(pattern)), wordsOf(topic)))) return false;
  if (filter === undefined) return true;
  const headers = headersOf(header);
  const holds = Object.entries(filter.headers).map(([name, value]) => {
    return value === true ? headers.has(name) : headers.get(name) === value;
  });
  return filter.match === "all" ? holds.every(Boolean) : holds.some(Boolean);
}

function replayOf(
  wish: ReplayWish | undefined,
  expected: Pick<Expected, "patterns" | "filter">,
  sent: readonly Sent[],
  nowMs: number,
): number[] {
  const newest = new Map(sent.filter((each) => wants(expected, each)).map((each) => [each.topic, each.id]));
  const wanted = sent.filter((each) => {
    if (wish?.kind === "age" && each.atMs < nowMs - wish.ageMs) return false;
    return wants(expected, each) && (wish?.kind !== "last" || newest.get(each.topic) === each.id);
  });
  if (wish === undefined) return [];
  return wanted.map(({ id }) => id).slice(wish.kind === "count" ? -wish.count : 0);
}

test("whoever subscribes, publishes and takes in which order ever: all is told once, in order, or counted (X1, X2, X3, X4, Y2)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 100, 1e6), (steps, outletWindowBytes) => {
      const world = new World({ outletWindowBytes });
      const sent: Sent[] = [];
      const all: Expected[] = [];
      const groupOf = new Map<Expected, string | undefined>();
      const open = (): Expected[] =>
        all.filter(({ key, isOver }) => {
          return !isOver && !(world.told.get(key) ?? []).some((told) => String(told).startsWith("overflow"));
        });
      let offers = 0;
      steps.forEach((each, index) => {
        world.nowMs = index;
        if (each.kind === "publish") {
          const message: Sent = { id: index, topic: each.topic, header: each.header, atMs: index };
          const listening = open();
          const before = JSON.stringify([...world.told]);
          if (world.publish(each.topic, index, { headers: headersOf(each.header) }) === "blocked") {
            expect(JSON.stringify([...world.told])).toBe(before); // (X4)
            return;
          }
          sent.push(message);
          const groups = new Set<string>();
          for (const expected of listening) {
            if (!wants(expected, message)) continue;
            expected.live.push(index);
            const group = groupOf.get(expected);
            if (group === undefined || !groups.has(group)) offers += 1;
            if (group !== undefined) groups.add(group);
          }
          return;
        }
        const name = `${each.outlet}/${each.number}`;
        const known = open().find(({ key }) => key.startsWith(`${name}#`));
        if (each.kind === "subscribe") {
          if (known !== undefined) return;
          const { outlet, number, patterns, filter, overflow, replay, group, bufferMessagesMax } = each;
          const windowBytes = Math.min(each.windowBytes, outletWindowBytes);
          const isFirst = group === undefined || !open().some((other) => groupOf.get(other) === group);
          const wish = { patterns, filter, overflow, replay, group, windowBytes, bufferMessagesMax };
          // what it was told under an earlier subscription of that name is put aside
          const old = world.told.get(name);
          if (old !== undefined) world.told.set(`${name}#${index} before`, old);
          world.told.delete(name);
          world.untaken.delete(name);
          world.exchange.subscribe(outlet, number, wish, index);
          const replayed = isFirst ? replayOf(replay, { patterns, filter }, sent, index) : [];
          const expected: Expected = {
            key: `${name}#${index}`,
            patterns,
            filter,
            overflow,
            replayed,
            live: [],
            isOver: false,
          };
          all.push(expected);
          groupOf.set(expected, group);
          const told: (string | number)[] = [];
          world.told.set(name, told);
          world.told.set(expected.key, told);
          world.exchange.drain(outlet, index);
        } else if (each.kind === "take") world.take(each.number, each.count, each.outlet);
        else if (each.kind === "unsubscribe") {
          expect(world.exchange.unsubscribe(each.outlet, each.number, index)).toBe(known !== undefined);
          if (known !== undefined) known.isOver = true;
        } else {
          for (const expected of open()) if (expected.key.startsWith(`${each.outlet}/`)) expected.isOver = true;
          world.exchange.close(each.outlet, index);
        }
      });
      // everybody who is still there takes all, until nothing comes
      for (let round = 0; round < 200; round++) {
        for (let outlet = 0; outlet < 3; outlet++)
          for (let number = 0; number < 4; number++) world.take(number, 100, outlet);
      }
      const stillOpen = new Set(open());
      let [handed, replayHanded] = [0, 0];
      for (const expected of all) {
        const told = world.told.get(expected.key) ?? [];
        const ids = told.filter((each): each is string => typeof each === "string" && !each.startsWith("overflow"));
        handed += ids.length;
        replayHanded += ids.filter((id) => expected.replayed.includes(Number(id))).length;
        expect(new Set(ids).size).toBe(ids.length); // (X1)
        if (groupOf.get(expected) !== undefined) continue;
        const due = [...expected.replayed, ...expected.live];
        let at = 0;
        for (const each of told) {
          if (typeof each === "number") at -= each;
          else if (!each.startsWith("overflow")) expect(each).toBe(String(due[at++])); // (X2, Y2)
        }
        if (stillOpen.has(expected)) expect(at).toBe(due.length);
        else expect(at).toBeLessThanOrEqual(due.length);
      }
      for (const name of ["g", "h"]) {
        const members = all.filter((expected) => groupOf.get(expected) === name);
        const ids = members.flatMap(({ key, replayed }) => {
          return (world.told.get(key) ?? []).filter(
            (each) => /^\d+$/.test(String(each)) && !replayed.includes(Number(each)),
          );
        });
        expect(new Set(ids).size).toBe(ids.length); // (X1)
        for (const id of ids) expect(members.some(({ live }) => live.includes(Number(id)))).toBe(true);
      }
      const { figures } = world.exchange;
      expect(figures).toMatchObject({ published: sent.length, handed, waitingBytes: 0, subscriptions: stillOpen.size });
      expect(handed - replayHanded + figures.dropped + figures.expired + figures.undelivered).toBe(offers); // (X3)
    }),
    { numRuns: 1_500 },
  );
});
