import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fifo } from "../../src/structures/index.js";

describe("a fifo", () => {
  it("gives back what an array gives back, whatever is pushed and shifted when (F1)", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ push: fc.nat(3000), shift: fc.nat(3000) }), { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<{ readonly n: number }>();
        const array: { readonly n: number }[] = [];
        let count = 0;
        for (const { push, shift } of steps) {
          for (let i = 0; i < push; i++) {
            const item = { n: count++ };
            fifo.push(item);
            array.push(item);
          }
          expect(fifo.size).toBe(array.length);
          for (let i = 0; i < shift; i++) {
            const first = fifo.first;
            // an assertion for each of a million items takes ten seconds
            if (first !== array[0] || fifo.shift() !== array.shift()) expect.fail(`item ${i} is another one`);
          }
          expect(fifo.first).toBe(array[0]);
          expect(fifo.size).toBe(array.length);
        }
        expect(drain(fifo)).toEqual(array);
      }),
    );
  });

  it("gives a ring up that a burst has made large, when the burst is over, and keeps a small one (F3)", () => {
    const fifo = new Fifo<object>();
    for (let i = 0; i < 500; i++) fifo.push({});
    const small = fifo.places;
    drain(fifo);
    expect(fifo.places).toBe(small);
    for (let i = 0; i < 100_000; i++) fifo.push({});
    expect(fifo.places).toBeGreaterThan(99_999);
    drain(fifo);
    expect(fifo.places).toBeLessThan(small);
  });
});

function drain<T extends object>(fifo: Fifo<T>): T[] {
  const items: T[] = [];
  for (let item = fifo.shift(); item !== undefined; item = fifo.shift()) items.push(item);
  return items;
}
