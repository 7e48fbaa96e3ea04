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
 */
import type { Random } from "../base/index.js";
import type { Load } from "./load.js";

export interface Candidate {
  readonly load: Load;
}

export function choose<T extends Candidate>(
  candidates: readonly T[],
  local: T,
  excluded: ReadonlySet<T> | undefined,
  random: Random,
  nowMs: number,
): T | undefined {
  const open = excluded === undefined ? candidates : candidates.filter((candidate) => !excluded.has(candidate)); // (R1)
  if (open.length <= 1) return open[0]; // (R3)
  const localIndex = open.indexOf(local);
  const firstIndex = localIndex >= 0 ? localIndex : pickIndex(open.length, random);
  let secondIndex = pickIndex(open.length - 1, random);
  if (secondIndex >= firstIndex) secondIndex += 1;
  const first = open[firstIndex] as T;
  const second = open[secondIndex] as T;
  return isBetter(second.load, first.load, nowMs) ? second : first; // (R2)
}

function pickIndex(count: number, random: Random): number {
  return Math.min(count - 1, Math.floor(random.next() * count));
}

/** True when `a` is expected to answer sooner than `b`. Latency counts only where both have been measured. */
function isBetter(a: Load, b: Load, nowMs: number): boolean {
  const latencyA = a.latencyMs(nowMs);
  const latencyB = b.latencyMs(nowMs);
  const measured = latencyA > 0 && latencyB > 0;
  const costA = (a.inFlight + 1) * (measured ? latencyA : 1);
  const costB = (b.inFlight + 1) * (measured ? latencyB : 1);
  return costA < costB;
}
