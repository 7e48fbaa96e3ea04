/**
 * Network coordinates: where a node stands in a space in which distances are round-trip times.
 *
 * Vivaldi (Dabek, Cox, Kaashoek, Morris: "Vivaldi: A Decentralized Network Coordinate System", SIGCOMM 2004) with a
 * height, as in hashicorp/serf: eight dimensions, `ce` = `cc` = 0.25, and the latency filter that takes the median of
 * the last samples per peer. Distances are in milliseconds.
 *
 * (V1) A coordinate is always finite: a sample that would make it otherwise is ignored.
 * (V2) The error estimate stays within (0, 1.5]; a new node trusts others and is not trusted.
 */
import type { Random } from "../base/index.js";
import { type WireCoordinate as Coordinate, coordinateDimensions } from "../wire/index.js";

export type { Coordinate };

const errorMax = 1.5;
const errorTuning = 0.25;
const moveTuning = 0.25;
const heightMsMin = 0.01;
const roundTripMsMax = 10_000;

export const origin: Coordinate = {
  vector: new Array<number>(coordinateDimensions).fill(0),
  heightMs: heightMsMin,
  error: errorMax,
};

/** The estimated round trip between two nodes, in ms. */
export function distanceMs(one: Coordinate, other: Coordinate): number {
  return length(difference(one.vector, other.vector)) + one.heightMs + other.heightMs;
}

/** Where a node at `own` stands after a round trip of `roundTripMs` to one at `other`. (V1) */
export function moved(own: Coordinate, other: Coordinate, roundTripMs: number, random: Random): Coordinate {
  if (!(roundTripMs >= 0 && roundTripMs <= roundTripMsMax) || !isCoordinate(other)) return own;
  const measuredMs = Math.max(roundTripMs, 0.001);
  const estimatedMs = distanceMs(own, other);
  const wrongness = Math.abs(estimatedMs - measuredMs) / measuredMs;
  const weight = own.error / Math.max(own.error + other.error, 1e-6);
  const error = wrongness * errorTuning * weight + own.error * (1 - errorTuning * weight);
  const force = moveTuning * weight * (measuredMs - estimatedMs);
  const { unit, apartMs } = direction(own.vector, other.vector, random);
  const heightMs = apartMs > 1e-6 ? own.heightMs + ((own.heightMs + other.heightMs) * force) / apartMs : own.heightMs;
  const next: Coordinate = {
    vector: own.vector.map((value, index) => value + (unit[index] as number) * force),
    heightMs: Math.max(heightMsMin, heightMs),
    error: Math.min(errorMax, Math.max(1e-3, error)), // (V2)
  };
  return isCoordinate(next) ? next : own;
}

/** Whether what a stranger has sent can be calculated with. (V1) */
export function isCoordinate({ vector, heightMs, error }: Coordinate): boolean {
  return (
    vector.length === coordinateDimensions &&
    vector.every((value) => Number.isFinite(value) && Math.abs(value) <= roundTripMsMax) &&
    heightMs > 0 &&
    heightMs <= roundTripMsMax &&
    error > 0 &&
    error <= errorMax
  );
}

/** The direction from `other` to `own`; a random one for two at the same place. */
function direction(
  own: readonly number[],
  other: readonly number[],
  random: Random,
): { unit: number[]; apartMs: number } {
  const apart = difference(own, other);
  const apartMs = length(apart);
  if (apartMs > 1e-6) return { unit: apart.map((value) => value / apartMs), apartMs };
  const anywhere = own.map(() => random.next() - 0.5);
  const size = length(anywhere) || 1;
  return { unit: anywhere.map((value) => value / size), apartMs: 0 };
}

function difference(one: readonly number[], other: readonly number[]): number[] {
  return one.map((value, index) => value - (other[index] as number));
}

function length(vector: readonly number[]): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
