/**
 * Choose: which of several candidates runs a step.
 *
 * Two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): of two candidates the
 * one with the smaller product of work in flight and latency. The local node, when it is a candidate, is always one
 * of the two, because a step that stays needs no network; the other is drawn at random.
 *
 * (R1) Only candidates are chosen, and none that is excluded.
 * (R2) The local node wins ties.
 * (R3) One candidate needs no randomness, so that runs differ only where there is a choice.
 * (R4) Now and then the one that looks worse is taken, so that what was measured in a bad moment is measured again.
 */
import type { Random } from "../base/index.js";
import type { Offer } from "../catalog/index.js";

/** A node as far as choosing goes. */
export interface Candidate {
  /** Steps that this node has running there. */
  inFlight: number;
}

const exploreShare = 1 / 32;

export function choose<T extends Candidate>(
  candidates: readonly Offer<T>[],
  local: T,
  excluded: ReadonlySet<Offer<T>> | undefined,
  random: Random,
  nowMs: number,
): Offer<T> | undefined {
  const open = excluded === undefined ? candidates : candidates.filter((offer) => !excluded.has(offer)); // (R1)
  if (open.length <= 1) return open[0]; // (R3)
  const localIndex = open.findIndex(({ owner }) => owner === local);
  const firstIndex = localIndex >= 0 ? localIndex : drawIndex(open.length, random);
  let secondIndex = drawIndex(open.length - 1, random);
  if (secondIndex >= firstIndex) secondIndex += 1;
  const first = open[firstIndex] as Offer<T>;
  const second = open[secondIndex] as Offer<T>;
  const order = compare(first, second, nowMs);
  if (order === 0) return first; // (R2)
  const [better, worse] = order < 0 ? [first, second] : [second, first];
  return random.next() < exploreShare ? worse : better; // (R4)
}

function drawIndex(count: number, random: Random): number {
  return Math.min(count - 1, Math.floor(random.next() * count));
}

/** Negative when `a` is expected to answer sooner than `b`. Latency counts only where both have been measured. */
function compare<T extends Candidate>(a: Offer<T>, b: Offer<T>, nowMs: number): number {
  const latencyA = a.latency.expectedMs(nowMs);
  const latencyB = b.latency.expectedMs(nowMs);
  const measured = latencyA > 0 && latencyB > 0;
  const costA = (a.owner.inFlight + 1) * (measured ? latencyA : 1);
  const costB = (b.owner.inFlight + 1) * (measured ? latencyB : 1);
  return costA - costB;
}
