import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Random } from "../../src/base/index.js";
import { type Coordinate, distanceMs, isCoordinate, moved, origin } from "../../src/membership/coordinates.js";
import { Position } from "../../src/membership/position.js";
import { seeded } from "../support/random.js";

function at(x: number, changes: Partial<Coordinate> = {}): Coordinate {
  return { vector: [x, 0, 0, 0, 0, 0, 0, 0], heightMs: 0.01, error: 0.5, ...changes };
}

/** Round trips between nodes that stand at random places of a plane, each behind an access line of its own. */
function matrixOf(count: number, sizeMs: number, random: Random): (one: number, other: number) => number {
  const places = Array.from({ length: count }, () => {
    return { x: random.next() * sizeMs, y: random.next() * sizeMs, lineMs: 1 + random.next() * 5 };
  });
  return (one, other) => {
    const [a, b] = [places[one]!, places[other]!];
    return Math.hypot(a.x - b.x, a.y - b.y) + a.lineMs + b.lineMs;
  };
}

/** Errors of all estimated round trips, each as a share of the true one, sorted. */
function errorsOf(coordinates: readonly Coordinate[], trueMs: (one: number, other: number) => number): number[] {
  const errors: number[] = [];
  for (let one = 0; one < coordinates.length; one++) {
    for (let other = 0; other < one; other++) {
      const ms = trueMs(one, other);
      errors.push(Math.abs(distanceMs(coordinates[one]!, coordinates[other]!) - ms) / ms);
    }
  }
  return errors.toSorted((a, b) => a - b);
}

describe("network coordinates", () => {
  test("tell the round trips of pairs that have never met within a tenth, for most", () => {
    for (const seed of [1, 2, 3]) {
      const random = seeded(seed);
      const trueMs = matrixOf(30, 150, random);
      const positions = Array.from({ length: 30 }, () => new Position(random));
      // as in a cluster with a bounded view: each measures its round trips to eight others, one of them a second
      for (let round = 0; round < 1_000; round++) {
        positions.forEach((position, one) => {
          const other = (one + 1 + (round % 8) * 3) % 30;
          const noise = random.next() < 0.02 ? 10 : 0.95 + random.next() / 10;
          position.measured(`n${other}`, positions[other]!.coordinate, trueMs(one, other) * noise);
        });
      }
      const errors = errorsOf(
        positions.map(({ coordinate }) => coordinate),
        trueMs,
      );
      expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.1);
      expect(errors[Math.floor(errors.length * 0.9)]).toBeLessThan(0.35);
    }
  });

  test("are always finite, whatever is measured and whatever others say of themselves (V1) (V2)", () => {
    const number = fc.oneof(
      fc.double(),
      fc.double({ min: 0, max: 20_000, noNaN: true }),
      fc.constantFrom(0, 1e-9, 1e4),
    );
    const other = fc.record({
      vector: fc.array(number, { minLength: 7, maxLength: 9 }),
      heightMs: number,
      error: fc.oneof(number, fc.double({ min: 0, max: 1.5, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(other, number), { maxLength: 40 }), fc.nat(), (samples, seed) => {
        const random = seeded(seed);
        let own = origin;
        for (const [coordinate, roundTripMs] of samples) {
          own = moved(own, coordinate, roundTripMs, random);
          expect(isCoordinate(own)).toBe(true);
          expect(own.error > 0 && own.error <= 1.5).toBe(true); // (V2)
          expect(Number.isFinite(distanceMs(own, origin))).toBe(true);
        }
      }),
    );
  });

  test.for([
    ["a round trip that is none", at(10), NaN],
    ["a negative round trip", at(10), -1],
    ["an endless round trip", at(10), Infinity],
    ["a round trip of minutes", at(10), 60_000],
    ["a place that is none", at(NaN), 10],
    ["a place beyond everything", at(1e9), 10],
    ["a place with too few dimensions", at(0, { vector: [1, 2] }), 10],
    ["a negative height", at(0, { heightMs: -1 }), 10],
    ["an error that would make others trust it without bounds", at(0, { error: 0 }), 10],
    ["an error beyond the greatest", at(0, { error: 2 }), 10],
  ] as const)("are not moved by %s (V1)", ([, other, roundTripMs]) => {
    const own = at(3);
    expect(moved(own, other, roundTripMs, seeded(1))).toBe(own);
  });

  test("of a new node move far, those of one that is sure of itself hardly, and less for one that is unsure (V2)", () => {
    const sure = at(0, { error: 0.05 });
    const wayOf = (own: Coordinate, other: Coordinate): number =>
      Math.abs(moved(own, other, 100, seeded(1)).vector[0]! - own.vector[0]!);
    const fresh = at(0, { error: 1.5 });
    expect(wayOf(fresh, at(10, { error: 0.05 }))).toBeGreaterThan(20);
    expect(wayOf(sure, at(10, { error: 1.5 }))).toBeLessThan(1);
    expect(wayOf(sure, at(10, { error: 0.05 }))).toBeGreaterThan(10);
  });

  test("that have proved quite wrong move all the same, and are trusted the least (V2)", () => {
    const lost = at(0, { error: 1.5 });
    const next = moved(lost, at(100, { error: 1.5 }), 1, seeded(1));
    expect(next.error).toBe(1.5);
    expect(distanceMs(next, lost)).toBeGreaterThan(5);
  });

  test("of two at one place come apart (V1)", () => {
    const next = moved(origin, origin, 50, seeded(1));
    expect(distanceMs(next, origin)).toBeGreaterThan(1);
  });
});

describe("a position", () => {
  test("is not moved by a single long round trip (T1)", () => {
    const [calm, jolted] = [new Position(seeded(1)), new Position(seeded(1))];
    for (let i = 0; i < 60; i++) {
      calm.measured("b", at(20), 20);
      jolted.measured("b", at(20), i === 50 ? 5_000 : 20);
    }
    expect(jolted.coordinate).toEqual(calm.coordinate);
    expect([jolted.roundTripMs("b"), jolted.isKnown]).toEqual([20, true]);
  });

  test("tells the median of the last three round trips to each, and forgets them with the link (T1)", () => {
    const position = new Position(seeded(1));
    expect([position.roundTripMs("b"), position.isKnown]).toEqual([undefined, false]);
    for (const ms of [1, 900, 30, 20]) position.measured("b", undefined, ms);
    position.measured("c", undefined, 7);
    expect([position.roundTripMs("b"), position.roundTripMs("c")]).toEqual([30, 7]);
    expect(position.isKnown).toBe(false); // nobody has said where it stands
    position.forget("b");
    expect(position.roundTripMs("b")).toBe(undefined);
  });
});
