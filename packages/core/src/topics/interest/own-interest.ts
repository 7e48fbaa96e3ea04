/**
 * Own interest: what the subscriptions of this node want, as few patterns as it may announce.
 *
 * Owns how often each pattern is wanted, and which patterns stand for others (`covers.ts`). How it is told to others is
 * `catalog/announced-sets.ts`.
 *
 * (I1) A pattern is announced with its first subscription, plain or of a group, and withdrawn with its last.
 * (I2) What is announced matches whatever some subscription matches, and weighs at most `announcedMax`: beyond that, shorter
 *      patterns stand for many. More may come than is wanted, never less. When half of it or less is left it is told as it
 *      is again.
 * (I3) Without subscriptions nothing is left.
 */
import { MpregError, type Pattern } from "../../base/index.js";
import type { InterestRecord } from "../../wire/index.js";
import { Wants, cover, coversOf } from "./covers.js";

/** The bounds of what a node is interested in. */
export interface InterestLimits {
  /**
   * What a node may announce: patterns, each counted once where it is plain and once for each of its groups. Beyond, shorter
   * patterns stand for many. At most 100,000, which is what other nodes take.
   */
  readonly announcedMax: number;
  /** Groups that have members on one node; fewer than `announcedMax`. `overloaded` beyond. */
  readonly groupsMax: number;
  /** Bytes of a cover: as of any pattern. */
  readonly patternBytesMax: number;
  /** Who waits for `everywhere()` on one node. `overloaded` beyond. */
  readonly waitersMax: number;
}

export const defaultInterestLimits: InterestLimits = {
  announcedMax: 10_000,
  groupsMax: 1_000,
  patternBytesMax: 1_024,
  waitersMax: 100_000,
};

/** Of `announcedMax`, what covers leave room for: they need not be made anew with the next pattern. */
const roomRatio = 0.75;

export class OwnInterest {
  readonly #limits: InterestLimits;
  /** By pattern: how many subscriptions want it. */
  readonly #wanted = new Map<Pattern, Wants>();
  /** By cover: how many of the patterns below it are wanted so. */
  readonly #covers = new Map<Pattern, Wants>();
  /** How many pairs of a pattern and the group there are. */
  readonly #groups = new Map<string, number>();
  /** Of what is wanted, and of what is announced. */
  #wantedWeight = 0;
  #weight = 0;
  /** Patterns of which there may be something new to tell. */
  readonly #changed = new Set<Pattern>();

  constructor(limits: InterestLimits) {
    this.#limits = limits;
  }

  /** Patterns that are wanted. */
  get size(): number {
    return this.#wanted.size;
  }

  /** What is to be announced weighs so much. */
  get weight(): number {
    return this.#weight;
  }

  /** Whether {@link takeChanges} has something to look at. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** A subscription wants these patterns, each named once. Throws `overloaded`, and nothing has changed, beyond `groupsMax`. */
  add(patterns: readonly Pattern[], group: string | undefined): void {
    const { groupsMax } = this.#limits;
    if (group !== undefined && !this.#groups.has(group) && this.#groups.size >= groupsMax) {
      throw new MpregError("overloaded", `Cannot subscribe: this node has members of ${groupsMax} groups, its limit`);
    }
    for (const pattern of patterns) this.#count(pattern, group, 1);
    if (this.#weight > this.#limits.announcedMax) this.#cover();
  }

  /** A subscription that was {@link add}ed is over. */
  remove(patterns: readonly Pattern[], group: string | undefined): void {
    for (const pattern of patterns) this.#count(pattern, group, -1);
    if (this.#covers.size > 0 && this.#wantedWeight <= this.#limits.announcedMax / 2) this.#uncover();
  }

  /**
   * What holds now of the patterns of which something has changed since the last call; `undefined` for one of which
   * nothing is to be announced. It may be what was announced already. (I1)
   */
  *takeChanges(): Generator<{ readonly pattern: Pattern; readonly interest: InterestRecord | undefined }> {
    for (const pattern of this.#changed) yield { pattern, interest: this.#announced(pattern) };
    this.#changed.clear();
  }

  #announced(pattern: Pattern): InterestRecord | undefined {
    const wants = this.#covers.get(pattern) ?? (this.#coverOf(pattern) === undefined && this.#wanted.get(pattern));
    if (wants === undefined || wants === false) return undefined;
    return { pattern, plain: wants.plain > 0, groups: [...wants.groups.keys()].sort() };
  }

  #count(pattern: Pattern, group: string | undefined, by: 1 | -1): void {
    let wants = this.#wanted.get(pattern);
    if (wants === undefined) this.#wanted.set(pattern, (wants = new Wants()));
    if (!wants.count(group, by)) return;
    this.#wantedWeight += by;
    if (wants.weight === 0) this.#wanted.delete(pattern); // (I3)
    if (group !== undefined) {
      const pairs = (this.#groups.get(group) ?? 0) + by;
      if (pairs === 0) this.#groups.delete(group);
      else this.#groups.set(group, pairs);
    }
    const found = this.#coverOf(pattern);
    if (found === undefined) {
      this.#weight += by;
      this.#changed.add(pattern);
    } else this.#countCover(found, group, by);
  }

  #countCover(pattern: Pattern, group: string | undefined, by: 1 | -1): void {
    const wants = this.#covers.get(pattern);
    if (wants?.count(group, by) !== true) return;
    this.#weight += by;
    if (wants.weight === 0) this.#covers.delete(pattern);
    this.#changed.add(pattern);
  }

  /** The cover that stands for the pattern. */
  #coverOf(pattern: Pattern): Pattern | undefined {
    if (this.#covers.size === 0) return undefined;
    for (const candidate of coversOf(pattern)) if (this.#covers.has(candidate)) return candidate;
    return undefined;
  }

  /** Makes less of what is announced. (I2) */
  #cover(): void {
    const announced = [...this.#covers].map(([pattern, wants]) => ({ pattern, wants }));
    for (const [pattern, wants] of this.#wanted) {
      if (this.#coverOf(pattern) === undefined) announced.push({ pattern, wants });
    }
    const { announcedMax, patternBytesMax } = this.#limits;
    const covers = cover(announced, announcedMax * roomRatio, patternBytesMax);
    for (const { pattern } of announced) this.#changed.add(pattern);
    const before = [...this.#covers.keys()];
    for (const each of covers) if (!this.#covers.has(each)) this.#covers.set(each, new Wants());
    for (const each of before) {
      // one that is covered in its turn stands for nothing any more
      if ([...coversOf(each)].some((other) => other !== each && this.#covers.has(other))) this.#covers.delete(each);
    }
    this.#recount();
  }

  /** Announces what is wanted as it is. (I2) */
  #uncover(): void {
    for (const pattern of [...this.#covers.keys(), ...this.#wanted.keys()]) this.#changed.add(pattern);
    this.#covers.clear();
    this.#recount();
  }

  #recount(): void {
    for (const [pattern] of this.#covers) {
      this.#covers.set(pattern, new Wants());
      this.#changed.add(pattern);
    }
    this.#weight = 0;
    for (const [pattern, wants] of this.#wanted) {
      const found = this.#coverOf(pattern);
      const stands = found === undefined ? undefined : this.#covers.get(found);
      if (stands === undefined) this.#weight += wants.weight;
      else {
        if (wants.plain > 0) stands.count(undefined, 1);
        for (const group of wants.groups.keys()) stands.count(group, 1);
      }
    }
    for (const wants of this.#covers.values()) this.#weight += wants.weight;
  }
}
