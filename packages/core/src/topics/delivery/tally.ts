/**
 * Tally: what subscriptions that want the same (the same patterns, in the same group) have come to together, for whoever asks
 * how topics of a node are used.
 *
 * (T1) While any of them is there its counts only grow, also when others end: two answers make a rate. One that begins anew has
 *      another id.
 * (T2) Nothing is left of it with the last of its subscriptions.
 * (T3) A delivery costs one count; everything else is added up when somebody asks.
 */
import type { Pattern } from "../../base/index.js";

/** Subscriptions of a node that want the same. */
export interface SubscriptionTally {
  /** By which two answers of one process tell that it is the same. */
  readonly id: number;
  readonly patterns: readonly string[];
  /** Absent where they are no group's. */
  readonly group?: string;
  readonly subscriptions: number;
  /** Messages handed on to them, and those that they have lost because they were slow, since `id` began. */
  readonly handed: number;
  readonly dropped: number;
  /** Messages that wait for them at the node, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
}

export class Tally {
  readonly id: number;
  /** One alone without an array: most subscriptions have one, and there may be a hundred thousand. */
  readonly #patterns: Pattern | readonly Pattern[];
  readonly group: string | undefined;
  subscriptions = 0;
  handed = 0;
  /** Of those that have ended. */
  droppedBefore = 0;

  constructor(id: number, patterns: readonly Pattern[], group: string | undefined) {
    const [first, second] = patterns;
    this.id = id;
    this.#patterns = first !== undefined && second === undefined ? first : patterns;
    this.group = group;
  }

  get patterns(): readonly Pattern[] {
    return typeof this.#patterns === "string" ? [this.#patterns] : this.#patterns;
  }
}

/** What is added up of one subscription. */
export interface Tallied {
  readonly tally: Tally;
  readonly buffer: { readonly dropped: number; readonly size: number; readonly bytes: number } | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** How many of them one answer tells of, and how many it does where nothing else is asked for. */
export const talliesMax = 1_000;

export class Tallies {
  /** Those of one pattern and no group, as most are, by that pattern: it is there anyway. */
  readonly #plain = new Map<string, Tally>();
  readonly #others = new Map<string, Tally>();
  #lastId = 0;

  /** A subscription begins. */
  join(patterns: readonly Pattern[], group: string | undefined): Tally {
    const [tallies, key] = this.#placeOf(patterns, group);
    let tally = tallies.get(key);
    if (tally === undefined) {
      this.#lastId += 1;
      tally = new Tally(this.#lastId, patterns, group);
      tallies.set(key, tally);
    }
    tally.subscriptions += 1;
    return tally;
  }

  /** A subscription is over. */
  leave({ tally, buffer }: Tallied): void {
    tally.droppedBefore += buffer?.dropped ?? 0; // (T1)
    tally.subscriptions -= 1;
    if (tally.subscriptions > 0) return;
    const [tallies, key] = this.#placeOf(tally.patterns, tally.group);
    tallies.delete(key); // (T2)
  }

  #placeOf(patterns: readonly string[], group: string | undefined): [Map<string, Tally>, string] {
    const [first, second] = patterns;
    if (group === undefined && first !== undefined && second === undefined) return [this.#plain, first];
    return [this.#others, JSON.stringify([group ?? null, ...patterns])];
  }

  /** At most `most` of them, first those for which most waits, then those to which most was handed on; and how many more there are. */
  report(
    subscriptions: Iterable<Tallied | undefined>,
    most: number,
  ): { readonly tallies: readonly SubscriptionTally[]; readonly leftOut: number } {
    const rows = new Map<Tally, Mutable<SubscriptionTally>>();
    for (const subscription of subscriptions) {
      if (subscription === undefined) continue;
      const { tally, buffer } = subscription;
      let row = rows.get(tally);
      if (row === undefined) rows.set(tally, (row = begun(tally)));
      if (buffer === undefined) continue;
      row.dropped += buffer.dropped;
      row.waiting += buffer.size;
      row.waitingBytes += buffer.bytes;
    }
    const sorted = [...rows.values()].sort(
      (a, b) => b.waitingBytes - a.waitingBytes || b.handed - a.handed || a.id - b.id,
    );
    const tallies = sorted.slice(0, most === 0 ? talliesMax : Math.min(most, talliesMax));
    return { tallies, leftOut: sorted.length - tallies.length };
  }
}

function begun({ id, patterns, group, subscriptions, handed, droppedBefore }: Tally): Mutable<SubscriptionTally> {
  const about = group === undefined ? { id, patterns } : { id, patterns, group };
  return { ...about, subscriptions, handed, dropped: droppedBefore, waiting: 0, waitingBytes: 0 };
}
