/**
 * Ready order: which of the entries that are available is next.
 *
 * Owns the choice. States are the lane's, which tells of each change.
 *
 * (O1) Entries of equal rank leave in the order of their sequence, whatever they have been through: a retry keeps its place.
 * (O2) Every operation takes time in proportion to the logarithm of what waits, at most.
 * (O3) The first of a line (those of a group, or of a priority) is awake; only behind it messages sleep.
 */
import type { Entry } from "../message/message.js";
import type { Line } from "./sleepers.js";

/** What the place of a message depends on. */
export interface Ordered {
  readonly sequence: number;
  readonly group: string | undefined;
  readonly priority: number;
}

export interface ReadyOrder {
  /** It has become available. */
  ready(entry: Entry): void;
  /** It was available and is no more, without having been taken. */
  unready(entry: Entry): void;
  /** The next one; it is about to be leased. */
  take(nowMs: number): Entry | undefined;
  /** The line of a message that comes in, if there is one: it may sleep there. (O3) */
  lineOf(message: Ordered): Line | undefined;
  /** Sequence of the one that is next of those without a group; `Infinity` if none is. Where nothing can sleep: `-Infinity`. */
  readonly nextSequence: number;
  /** When there may be one though there is none now: groups have a rate. `Infinity` if not. */
  readonly resumesMs: number;
  /** Where what is not available has a place, too. */
  readonly places?: Places | undefined;
}

/** The order of a FIFO queue: what is delayed or leased keeps back what is behind it. */
export interface Places {
  /** `entry` comes into the lane, in whatever state. */
  enter(entry: Entry): void;
  /** It is delayed, and was not available before. */
  delay(entry: Entry): void;
  /** It leaves the lane. */
  leave(entry: Entry): void;
  /** One that whoever has just got `last` gets with it: the next of its FIFO group. */
  takeBehind(last: Entry, nowMs: number): Entry | undefined;
  /** It is leased though nobody has taken it: its lease goes on over a restart. Answers whether it can be: nothing before it is free. */
  lead(entry: Entry): boolean;
  /** Those that are leased with it, and cannot be any more once it is free: what is behind it in its FIFO group. */
  behind(entry: Entry): readonly Entry[];
  /** Whether nothing is free that must be given out before it. */
  leads(entry: Entry): boolean;
}
