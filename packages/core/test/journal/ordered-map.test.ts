import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderedMap } from "../../src/journal/ordered-map.js";

test("an ordered map has what a sorted list would have, forwards and backwards (O1, O2)", () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 2 });
  const change = fc.tuple(fc.boolean(), key);
  fc.assert(
    fc.property(
      fc.array(change, { size: "max", maxLength: 3_000 }),
      fc.option(key),
      fc.option(key),
      (changes, a, b) => {
        const [from, to] = [a ?? undefined, b ?? undefined];
        const map = new OrderedMap<number>();
        const model = new Map<string, number>();
        changes.forEach(([isPut, bytes], at) => {
          const name = Buffer.from(bytes).toString("latin1");
          const before = model.get(name);
          expect(isPut ? map.set(bytes, at) : map.delete(bytes)).toBe(before);
          if (isPut) model.set(name, at);
          else model.delete(name);
          expect(map.get(bytes)).toBe(model.get(name));
        });
        expect(map.size).toBe(model.size);
        const inside = [...model]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .filter(([name]) => from === undefined || name >= Buffer.from(from).toString("latin1"))
          .filter(([name]) => to === undefined || name < Buffer.from(to).toString("latin1"));
        const names = (entries: Iterable<readonly [Uint8Array, number]>): unknown[] =>
          [...entries].map(([bytes, value]) => [Buffer.from(bytes).toString("latin1"), value]);
        expect(names(map.entries(from, to))).toEqual(inside);
        expect(names(map.reversed(from, to))).toEqual(inside.reverse());
      },
    ),
    { numRuns: 30 },
  );
});
