import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IdMap } from "../../src/structures/index.js";
import { collectGarbage } from "../support/garbage.js";

/** Few ids and far ones, so that they collide and are met again. */
const id = fc.oneof(
  fc.nat(40),
  fc.nat(400).map((n) => n * 0x10000),
  fc.integer({ min: 2 ** 32 - 20, max: 2 ** 32 - 1 }),
);

const operations = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant("set" as const), id }), weight: 150 },
    { arbitrary: fc.record({ kind: fc.constant("take" as const), id }), weight: 100 },
    { arbitrary: fc.record({ kind: fc.constant("takeAll" as const) }), weight: 1 },
  ),
  { maxLength: 400 },
);

describe("id map", () => {
  test("it holds what the engine's map holds, whatever comes and goes", () => {
    fc.assert(
      fc.property(operations, fc.nat(), (steps, seed) => {
        const map = new IdMap<object>(seed);
        const model = new Map<number, object>();
        for (const step of steps) {
          if (step.kind === "set") {
            const value = {};
            map.set(step.id, value);
            model.set(step.id, value);
          } else if (step.kind === "take") {
            expect(map.take(step.id)).toBe(model.get(step.id));
            model.delete(step.id);
          } else {
            expect(new Set(map.takeAll())).toEqual(new Set(model.values()));
            model.clear();
          }
          expect(map.size).toBe(model.size);
        }
        for (const [key, value] of model) expect(map.get(key)).toBe(value);
        for (const step of steps) if (step.kind !== "takeAll") expect(map.has(step.id)).toBe(model.has(step.id));
      }),
    );
  });

  test("ids that were chosen to share a few places of another table do not in this one (I3)", () => {
    const inverse = 0xe8b2f51; // of the hash's multiplier, modulo 2^32
    expect(Math.imul(inverse, 0x9e3779b1)).toBe(1);
    const bits = 18; // of the places in a table for so many ids
    const ids = Array.from({ length: 100_000 }, (_, i) => {
      const place = (Math.floor(i / 2 ** (32 - bits)) | (i << bits)) >>> 0;
      return Math.imul(place ^ (place >>> 15) ^ (place >>> 30), inverse) >>> 0;
    });
    const map = new IdMap<{ readonly id: number }>(0x5bd1e995);
    for (const each of ids) if (!map.has(each)) map.set(each, { id: each });
    for (const each of ids) if (map.take(each)?.id !== each) throw new Error(`${each} is lost`);
    expect(map.size).toBe(0);
  });

  test("a hundred thousand ids of any pattern are found again (I2)", () => {
    for (const stride of [1, 2, 0x400, 0x10001]) {
      const map = new IdMap<{ readonly id: number }>();
      const ids = Array.from({ length: 100_000 }, (_, i) => (i * stride) >>> 0);
      for (const each of new Set(ids)) map.set(each, { id: each });
      for (const each of new Set(ids)) if (map.get(each)?.id !== each) throw new Error(`${each} is lost`);
      for (const each of new Set(ids)) map.take(each);
      expect(map.size).toBe(0);
    }
  });

  test("bursts and droughts, of any size: all is found, and the places are those of what is there (I2) (I4)", () => {
    const burst = fc.record({ adds: fc.nat(6_000), keeps: fc.nat(300), all: fc.boolean() });
    fc.assert(
      fc.property(fc.array(burst, { maxLength: 6 }), fc.nat(), (bursts, seed) => {
        const map = new IdMap<{ readonly id: number }>(seed);
        const model = new Map<number, { readonly id: number }>();
        let next = 0;
        const check = (): void => {
          const { places } = map;
          if (model.size * 2 > places) throw new Error(`${model.size} values in ${places} places`);
          if (places > 2_048 && model.size * 8 < places) throw new Error(`${places} places for ${model.size} values`);
        };
        for (const { adds, keeps, all } of bursts) {
          for (let i = 0; i < adds; i++) {
            const value = { id: (next += 7) };
            map.set(value.id, value);
            model.set(value.id, value);
            check();
          }
          if (all) {
            expect(new Set(map.takeAll())).toEqual(new Set(model.values()));
            model.clear();
            check();
          }
          for (const [id, value] of model) {
            if (model.size <= keeps) break;
            if (map.take(id) !== value) throw new Error(`${id} is lost`);
            model.delete(id);
            check();
          }
          for (const [id, value] of model) if (map.get(id) !== value) throw new Error(`${id} is lost`);
        }
        expect(map.size).toBe(model.size);
      }),
      { numRuns: 30 },
    );
  });

  test("a hundred thousand ids leave no table behind (I4)", () => {
    const map = new IdMap<object>();
    const value = {};
    for (let id = 0; id < 100_000; id++) map.set(id, value);
    expect(map.places).toBe(262_144);
    for (let id = 0; id < 100_000; id++) map.take(id);
    expect(map.places).toBe(2_048);
  });

  test("a table changes its size only after as many changes as are worth it (I5)", () => {
    for (const [low, high] of [
      [0, 1_000],
      [1_000, 1_100],
      [0, 5_000],
      [3_000, 20_000],
    ] as const) {
      const map = new IdMap<object>();
      const value = {};
      let [first, next] = [0, 0];
      let [changes, since] = [0, 0];
      let { places } = map;
      const changed = (): void => {
        since += 1;
        if (map.places === places) return;
        // what is moved now, against what was done since the last time
        if (first > 0 && map.size > since * 2 + 2) throw new Error(`${map.size} moved after ${since} changes`);
        if (first > 0) changes += 1;
        places = map.places;
        since = 0;
      };
      while (next < 200_000) {
        while (next - first < high) {
          map.set(next++, value);
          changed();
        }
        while (next - first > low) {
          map.take(first++);
          changed();
        }
      }
      // what goes to and fro within a factor of two, or among a thousand, moves nothing
      if (high <= 1_000 || low * 2 >= high) expect(changes).toBe(0);
    }
  });

  test("a removed value is not referenced any more (I1)", async () => {
    const map = new IdMap<object>();
    const fill = (ids: readonly number[]): WeakRef<object>[] => {
      return ids.map((id) => {
        const value = {};
        map.set(id, value);
        return new WeakRef(value);
      });
    };
    const ids = [...Array(1_000).keys()];
    const taken = fill(ids);
    for (const id of ids) map.take(id);
    const emptied = fill(ids);
    map.takeAll();
    await collectGarbage();
    expect([...taken, ...emptied].filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });
});
