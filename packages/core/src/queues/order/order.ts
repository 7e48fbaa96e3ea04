/**
 * Ready order: which of the entries that are available is next.
 *
 * Owns the choice. States are the lane's, which tells of each change.
 *
 * (O1) Entries of equal rank leave in the order of their sequence, whatever they have been through: a retry keeps its place.
 * (O2) Every operation takes time in proportion to the logarithm of what waits, at most.
 */
import type { Entry } from "../message/message.js";

export interface ReadyOrder {
  /** `entry` comes into the lane, in whatever state. */
  enter(entry: Entry): void;
  /** It has become available. */
  ready(entry: Entry): void;
  /** It was available and is no more, without having been taken. */
  unready(entry: Entry): void;
  /** It leaves the lane. */
  leave(entry: Entry): void;
  /** The next one; it is about to be leased. */
  take(nowMs: number): Entry | undefined;
  /** Sequence of the one that is next of those without a group; `Infinity` if none is. Where nothing can sleep: `-Infinity`. */
  readonly nextSequence: number;
  /** When there may be one though there is none now: groups have a rate. `Infinity` if not. */
  readonly resumesMs: number;
}
