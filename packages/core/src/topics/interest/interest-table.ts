/**
 * Interest table: which other nodes want what is published to a topic.
 *
 * Owns who is interested in what, as the owners have announced it last; `T` is whatever the caller sends to. Which
 * announcements hold is decided by the caller.
 *
 * (K1) What is answered depends only on what holds of each owner, not on the order in which it was heard.
 * (K2) A forgotten owner leaves nothing behind, and without interest nothing is left.
 */
import type { Pattern } from "../../base/index.js";
import { PatternMatcher } from "../../structures/index.js";
import { isReserved } from "../reserved.js";
import type { InterestRecord } from "../../wire/index.js";

/** Hears who wants a message: each once where it is plain, and once for each group. */
export interface InterestHearer<T> {
  plain(owner: T): void;
  member(owner: T, group: string): void;
}

/** Who wants a message. */
export interface Interested<T> {
  /** Those with plain subscriptions that want it, each once. */
  readonly owners: readonly T[];
  /** The groups that want it, each once. */
  readonly groups: readonly InterestedGroup<T>[];
}

export interface InterestedGroup<T> {
  readonly name: string;
  /** Those with members that want it, each once. */
  readonly owners: readonly T[];
}

/** One owner's plain subscriptions, or its members of a group: a value of the matcher. */
interface Slot<T> {
  readonly value: number;
  readonly owner: T;
  readonly group: Group | undefined;
  patterns: number;
}

interface Group {
  readonly name: string;
  slots: number;
}

interface Owned<T> {
  readonly patterns: Map<Pattern, InterestRecord>;
  /** By group; plain ones under `undefined`. */
  readonly slots: Map<string | undefined, Slot<T>>;
}

export class InterestTable<T extends object> {
  /** There while anybody is interested in anything; what is reserved apart, which no pattern that begins with a wildcard matches. */
  #matcher: PatternMatcher | undefined;
  #reserved: PatternMatcher | undefined;
  readonly #seed: () => number;
  readonly #owned = new Map<T, Owned<T>>();
  readonly #groups = new Map<string, Group>();
  /** By value. */
  #slots: (Slot<T> | undefined)[] = [];
  #free: number[] = [];

  /** `seed` draws any number of 32 bits: strangers choose patterns and topics. */
  constructor(seed: () => number) {
    this.#seed = seed;
  }

  /** Whether nobody wants anything. */
  get isEmpty(): boolean {
    return this.#owned.size === 0;
  }

  /** Whether somebody wants something that is reserved. */
  get wantsReserved(): boolean {
    return this.#reserved?.isEmpty === false;
  }

  /** What is held: pairs of a pattern and an owner, and of owners and groups. */
  get size(): number {
    let patterns = 0;
    for (const owned of this.#owned.values()) patterns += owned.patterns.size;
    return patterns + this.#groups.size;
  }

  /** What `owner` wants of one pattern, in place of what it wanted of it. */
  set(owner: T, interest: InterestRecord): void {
    this.remove(owner, interest.pattern);
    if (!interest.plain && interest.groups.length === 0) return;
    let owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, (owned = { patterns: new Map(), slots: new Map() }));
    owned.patterns.set(interest.pattern, interest);
    for (const group of namesOf(interest)) this.#join(owner, owned, group, interest.pattern);
  }

  /** `owner` wants nothing of the pattern any more. */
  remove(owner: T, pattern: Pattern): void {
    const owned = this.#owned.get(owner);
    const interest = owned?.patterns.get(pattern);
    if (owned === undefined || interest === undefined) return;
    owned.patterns.delete(pattern);
    for (const group of namesOf(interest)) this.#leave(owned, group, pattern);
    if (owned.patterns.size === 0) this.#owned.delete(owner);
    if (this.#owned.size === 0) this.#clear(); // (K2)
  }

  /** `owner` wants nothing any more. */
  forget(owner: T): void {
    for (const pattern of [...(this.#owned.get(owner)?.patterns.keys() ?? [])]) this.remove(owner, pattern);
  }

  /** Tells `hearer` who wants what is published to `topic`. It may not match or change anything meanwhile. */
  tell(topic: string, hearer: InterestHearer<T>): void {
    const matcher = isReserved(topic) ? this.#reserved : this.#matcher;
    if (matcher === undefined) return;
    const { values, start, end } = matcher.match(topic);
    for (let at = start; at < end; at++) {
      const slot = this.#slots[values[at] as number];
      if (slot === undefined) continue;
      if (slot.group === undefined) hearer.plain(slot.owner);
      else hearer.member(slot.owner, slot.group.name);
    }
  }

  /** Who wants what is published to `topic`, for those who look: a publish hears it by {@link tell}, without a list. */
  match(topic: string): Interested<T> {
    const owners: T[] = [];
    const members = new Map<string, T[]>();
    this.tell(topic, {
      plain: (owner) => owners.push(owner),
      member: (owner, group) => {
        const known = members.get(group);
        if (known === undefined) members.set(group, [owner]);
        else known.push(owner);
      },
    });
    return { owners, groups: Array.from(members, ([name, all]) => ({ name, owners: all })) };
  }

  #join(owner: T, owned: Owned<T>, name: string | undefined, pattern: Pattern): void {
    let slot = owned.slots.get(name);
    if (slot === undefined) {
      const value = this.#free.pop() ?? this.#slots.length;
      slot = { value, owner, group: name === undefined ? undefined : this.#group(name), patterns: 0 };
      if (slot.group !== undefined) slot.group.slots += 1;
      this.#slots[value] = slot;
      owned.slots.set(name, slot);
    }
    if (this.#matcherFor(pattern).add(pattern, slot.value)) slot.patterns += 1;
  }

  #leave(owned: Owned<T>, name: string | undefined, pattern: Pattern): void {
    const slot = owned.slots.get(name);
    if (slot === undefined || !this.#matcherFor(pattern).remove(pattern, slot.value)) return;
    slot.patterns -= 1;
    if (slot.patterns > 0) return;
    owned.slots.delete(name);
    this.#slots[slot.value] = undefined;
    this.#free.push(slot.value);
    if (slot.group === undefined) return;
    slot.group.slots -= 1;
    if (slot.group.slots === 0) this.#groups.delete(slot.group.name);
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = { name, slots: 0 }));
    return group;
  }

  #clear(): void {
    this.#slots = [];
    this.#free = [];
    this.#matcher = undefined;
    this.#reserved = undefined;
  }

  #matcherFor(pattern: Pattern): PatternMatcher {
    if (isReserved(pattern)) return (this.#reserved ??= new PatternMatcher({ seed: this.#seed() }));
    return (this.#matcher ??= new PatternMatcher({ seed: this.#seed() }));
  }
}

/** The groups of an interest, each once, and `undefined` where it is plain. */
function namesOf({ plain, groups }: InterestRecord): Iterable<string | undefined> {
  return plain ? [undefined, ...new Set(groups)] : new Set(groups);
}
