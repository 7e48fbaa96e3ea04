/**
 * Choose: which of several candidates runs a step.
 *
 * Two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001): of two candidates the
 * one with the smaller product of work in flight and latency. The local node, when it is a candidate, is always one
 * of the two, because a step that stays needs no network; the other is drawn at random.
 *
 * (R1) Only candidates are chosen, and none that is excluded or whose breaker is open; none as long as an earlier tier
 *      has one.
 * (R2) The local node wins ties.
 * (R3) One candidate needs no randomness, so that runs differ only where there is a choice.
 * (R5) A node without a link is drawn only when those with one do not turn up at once: a few links do for many calls.
 * (R6) Where latencies have not been measured, distances count: near before far. Below a millisecond all are near.
 * (R7) Where values have to be brought to the node, the one that they can be brought to soonest is always one of the two,
 *      and the time that this takes counts (as Dask's scheduler weighs communication against occupancy).
 * (R8) Where the step would have to wait for its turn on the local node, near is no advantage over those that it can be sent
 *      to in less time than it would wait, and nobody knows how long that is before a run has ended: what is in flight counts.
 * (R4) Now and then the one that looks worse is taken, so that what was measured in a bad moment is measured again. How long one
 *      waits on the local node is known: that is not tried.
 */
import type { Random } from "../base/index.js";
import type { Candidates, Offer } from "../catalog/index.js";

/** A node as far as choosing goes. */
export interface Candidate {
  /** Steps that this node has running there. */
  inFlight: number;
  /** Whether a step can be sent there at once. */
  readonly linked: boolean;
  /** The estimated round trip, where it is known. */
  readonly distanceMs: number | undefined;
}

/** How long it takes to bring a step's values to a node, in ms. */
export type Moving<T> = (owner: T) => number;

/**
 * How long a step would wait for its turn where this node offers it, in ms: 0 = it would begin at once, `Infinity` = nobody
 * knows.
 */
export type Waiting<T> = (offer: Offer<T>) => number;

const beginsAtOnce = (): number => 0;

const exploreShare = 1 / 32;
const drawsMax = 8;
const nearMs = 1;

/** The best of the first tier that has one. (R1) */
export function chooseAmong<T extends Candidate>(
  { tiers, broken }: Candidates<T>,
  local: T,
  excluded: ReadonlySet<Offer<T>> | undefined,
  random: Random,
  nowMs: number,
  moving?: Moving<T>,
  waiting?: Waiting<T>,
): Offer<T> | undefined {
  for (const tier of tiers) {
    const whole = broken.size === 0 ? tier : tier.filter((each) => !broken.has(each) || each.breaker.admits(nowMs));
    const offer = choose(whole, local, excluded, random, nowMs, moving, waiting);
    if (offer !== undefined) return offer;
  }
  return undefined;
}

export function choose<T extends Candidate>(
  candidates: readonly Offer<T>[],
  local: T,
  excluded: ReadonlySet<Offer<T>> | undefined,
  random: Random,
  nowMs: number,
  moving?: Moving<T>,
  waiting: Waiting<T> = beginsAtOnce,
): Offer<T> | undefined {
  const open = excluded === undefined ? candidates : candidates.filter((offer) => !excluded.has(offer)); // (R1)
  if (open.length <= 1) return open[0]; // (R3)
  const given = moving === undefined ? open.findIndex(({ owner }) => owner === local) : nearest(open, local, moving);
  const firstIndex = given >= 0 ? given : drawLinked(open, -1, random);
  const secondIndex = drawLinked(open, firstIndex, random);
  const first = open[firstIndex] as Offer<T>;
  const second = open[secondIndex] as Offer<T>;
  const own = first.owner === local ? first : second.owner === local ? second : undefined;
  const waitMs = own === undefined ? 0 : waiting(own);
  const order = compare(first, second, local, waitMs, nowMs) + movingMs(first, moving) - movingMs(second, moving);
  if (order === 0) return first; // (R2)
  const [better, worse] = order < 0 ? [first, second] : [second, first];
  if (waitMs > 0 && worse === own) return better; // (R4)
  return random.next() < exploreShare ? worse : better;
}

/** The index of the candidate that the values can be brought to soonest; the local one of several. (R7) */
function nearest<T extends Candidate>(open: readonly Offer<T>[], local: T, moving: Moving<T>): number {
  let best = 0;
  let bestMs = Infinity;
  for (const [index, { owner }] of open.entries()) {
    const ms = moving(owner);
    if (ms > bestMs || (ms === bestMs && owner !== local)) continue;
    best = index;
    bestMs = ms;
  }
  return best;
}

function movingMs<T extends Candidate>({ owner }: Offer<T>, moving: Moving<T> | undefined): number {
  return moving === undefined ? 0 : moving(owner);
}

/** The index of a candidate, `besides` left out; of one that has a link, if a few draws find one. (R5) */
function drawLinked<T extends Candidate>(open: readonly Offer<T>[], besides: number, random: Random): number {
  let index = draw(open.length, besides, random);
  for (let draws = 1; draws < drawsMax && open[index]?.owner.linked === false; draws++) {
    index = draw(open.length, besides, random);
  }
  return index;
}

function draw(count: number, besides: number, random: Random): number {
  const left = besides < 0 ? count : count - 1;
  const index = Math.min(left - 1, Math.floor(random.next() * left));
  return besides >= 0 && index >= besides ? index + 1 : index;
}

/** Negative when `a` is expected to answer sooner than `b`; `waitMs` is that of the local one. */
function compare<T extends Candidate>(a: Offer<T>, b: Offer<T>, local: T, waitMs: number, nowMs: number): number {
  const latencyA = a.latency.expectedMs(nowMs);
  const latencyB = b.latency.expectedMs(nowMs);
  const measured = latencyA > 0 && latencyB > 0; // what was measured of one alone compares with nothing
  const costA = (a.owner.inFlight + 1) * (measured ? latencyA : distanceOf(a.owner, local, waitMs));
  const costB = (b.owner.inFlight + 1) * (measured ? latencyB : distanceOf(b.owner, local, waitMs));
  return costA - costB;
}

/** (R6) (R8) */
function distanceOf<T extends Candidate>(owner: T, local: T, waitMs: number): number {
  if (owner === local) return nearMs;
  const distanceMs = owner.distanceMs ?? nearMs;
  return distanceMs < waitMs ? nearMs : Math.max(nearMs, distanceMs);
}
