import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Coordinate } from "../../src/membership/coordinates.js";
import { OwnRecord, areRivals } from "../../src/membership/own-record.js";
import { isGenuineRecord } from "../../src/membership/records.js";
import { signerOf } from "../support/signer.js";
import { utf8 } from "../support/wire.js";

const signer = signerOf("self");
const run = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function create(incarnation = 5, ownRun = run): OwnRecord {
  const identity = { name: "self", cluster: "default", urls: ["ws://self"] };
  return new OwnRecord(identity, incarnation, ownRun, signer, utf8);
}

function at(x: number, error = 0.1): Coordinate {
  return { vector: [x, 0, 0, 0, 0, 0, 0, 0], heightMs: 1, error };
}

const act = fc.oneof(
  fc.record({ kind: fc.constantFrom("refute" as const, "outlive" as const), incarnation: fc.nat(20) }),
  fc.record({
    kind: fc.constant("update" as const),
    observers: fc.subarray(["a", "b", "c"]),
    coordinate: fc.record({ x: fc.nat(100), error: fc.constantFrom(0.1, 1.5) }).map(({ x, error }) => at(x, error)),
  }),
);

describe("what a node says of itself", () => {
  test("is said once in one way: whatever differs has a higher incarnation or sequence (O1)", () => {
    fc.assert(
      fc.property(fc.array(act), fc.boolean(), (acts, leaves) => {
        const own = create();
        const said = [{ ...own.record, message: own.message }];
        for (const each of acts) {
          if (each.kind === "update") own.update(each.observers, each.coordinate);
          else if (each.kind === "refute") own.refute(each.incarnation);
          else own.outlive(Math.max(each.incarnation, own.record.incarnation)); // as it is called
          said.push({ ...own.record, message: own.message });
        }
        if (leaves) {
          own.leave();
          said.push({ ...own.record, message: own.message });
        }
        for (const [i, each] of said.slice(1).entries()) {
          const before = said[i]!;
          if (each.message === before.message) continue;
          const isHigher =
            each.incarnation > before.incarnation ||
            (each.incarnation === before.incarnation && each.sequence > before.sequence);
          expect(isHigher).toBe(true); // (O1)
          expect(isGenuineRecord(each, each.message, signer)).toBe(true);
        }
      }),
    );
  });

  test("contradicts what was said of any incarnation so far, and stays in the same life (O2)", () => {
    const own = create(5);
    own.refute(5);
    expect(own.record).toMatchObject({ incarnation: 6, sequence: 1, boot: 5 });
    own.refute(40);
    expect(own.record).toMatchObject({ incarnation: 41, boot: 5 });
    own.refute(3);
    expect(own.record).toMatchObject({ incarnation: 42, boot: 5 });
  });

  test("is a new life where others know a later one than its driver (O2)", () => {
    const own = create(1);
    own.outlive(17);
    expect(own.record).toMatchObject({ incarnation: 18, boot: 18, sequence: 1 });
  });

  test("is outlived by a later record, or another life of the same incarnation, and not by its own words (O2)", () => {
    const own = create(5);
    expect(own.isOutlived(own.record)).toBe(false);
    expect(own.isOutlived({ ...own.record, incarnation: 4, sequence: 9, run: Uint8Array.of(9) })).toBe(false);
    expect(own.isOutlived({ ...own.record, incarnation: 6 })).toBe(true);
    expect(own.isOutlived({ ...own.record, sequence: 2 })).toBe(true);
    expect(own.isOutlived({ ...own.record, run: run.with(7, 0) })).toBe(true);
    own.leave();
    expect(own.isOutlived({ ...own.record, sequence: 1, left: false })).toBe(false);
  });

  test("names the life that it contradicts; whoever is named has a rival, and one of the two yields (O3)", () => {
    const runs = fc.uint8Array({ minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(5), runs, fc.nat(5), runs, (began, one, otherBegan, other) => {
        fc.pre(one.some((byte, index) => byte !== other[index]));
        const [a, b] = [create(began, one), create(otherBegan, other)];
        expect([a.rivalOf(b.record), b.rivalOf(a.record)]).toEqual([undefined, undefined]); // it may be an earlier life
        a.outlive(10, other);
        expect([a.rivalOf(b.record), b.rivalOf(a.record) !== undefined]).toEqual([undefined, true]);
        b.outlive(11, one);
        expect([a.rivalOf(b.record), b.rivalOf(a.record)].toSorted()).toEqual(["prevails", "yields"]);
        if (began !== otherBegan) expect(a.rivalOf(b.record)).toBe(began < otherBegan ? "yields" : "prevails");
        expect([areRivals(a.record, b.record), areRivals(b.record, a.record)]).toEqual([true, true]);
      }),
    );
  });

  test("does not take two lives for rivals of which only one names the other: that one is later (O3)", () => {
    const [dead, alive] = [create(5), create(1, Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1))];
    alive.outlive(5, dead.record.run);
    expect(alive.rivalOf(dead.record)).toBeUndefined();
    expect(areRivals(dead.record, alive.record)).toBe(false);
  });

  test("has a rival in a copy of its own process, and nothing tells which of the two is the later (O3)", () => {
    const own = create(5);
    expect(own.rivalOf({ ...own.record, incarnation: 7 })).toBe("prevails");
  });

  test("is said again when its observers have changed, not when they come in another order", () => {
    const own = create();
    expect(own.update(["a", "b"], at(0, 1.5))).toBe(true);
    const { sequence } = own.record;
    expect(own.update(["b", "a"], at(0, 1.5))).toBe(false);
    expect(own.update(["b", "c"], at(0, 1.5))).toBe(true);
    expect(own.update(["b"], at(0, 1.5))).toBe(true);
    expect(own.record).toMatchObject({ observers: ["b"], sequence: sequence + 2, incarnation: 5 });
  });

  test("is said again when it has moved so far that others should know, once it knows where it stands", () => {
    const own = create();
    expect(own.update([], at(50, 1.2))).toBe(false); // it does not know itself yet
    expect(own.update([], at(3, 0.5))).toBe(false); // as good as where everybody begins
    expect(own.update([], at(50, 0.5))).toBe(true);
    expect(own.update([], at(59, 0.5))).toBe(false); // less than a fifth
    expect(own.update([], at(62, 0.5))).toBe(true);
    expect(own.record.coordinate).toEqual(at(62, 0.5));
  });
});
