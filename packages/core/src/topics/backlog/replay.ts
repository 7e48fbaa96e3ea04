/**
 * Replay: what a subscription is told of the backlog before it hears what is live.
 *
 * It reads the logs where they are, as fast as its consumer takes, and copies nothing. What other nodes have is `merged-replay.ts`'s.
 *
 * (Y1) It tells what was kept when it began, and nothing of what came later: that is live.
 * (Y2) Messages come in the order in which they were published on this node, over all topics.
 * (Y3) What leaves the logs before it was told is counted, in its place: never left out in silence.
 * (Y4) What has expired is nobody's: it is neither told nor counted as missed.
 */
import { Heap, type Pattern } from "../../base/index.js";
import type { Backlog } from "./backlog.js";
import type { HeaderFilter } from "../delivery/filter.js";
import type { TopicLog } from "./topic-log.js";

/** What a subscription wants of what was published before it. */
export type ReplayWish =
  /** What is at most so old. */
  | { readonly kind: "age"; readonly ageMs: number }
  /** The newest so many, of all topics together. */
  | { readonly kind: "count"; readonly count: number }
  /** The newest of each topic: its last value; with `filter`, the newest that passes it, which what is live need not. */
  | { readonly kind: "last"; readonly filter?: HeaderFilter | undefined };

/** Which of what is kept are replayed; `message` is a view. */
export type Passes = (message: Uint8Array, log: TopicLog, index: number) => boolean;

/** What is told before what is live. */
export interface Replaying {
  peek(nowMs: number): Uint8Array | undefined;
  take(): void;
  takeMissed(): number;
}

/** Which numbers of this node's backlog are read. */
export interface Span {
  readonly from: number;
  /** Before this one. */
  readonly until: number;
}

export const all: Span = { from: 0, until: Infinity };

interface Cursor {
  readonly log: TopicLog;
  /** Where it began to read is behind `index`; it ends before `end`. */
  index: number;
  readonly end: number;
  /** The number of the message at `index`, also when that has left the log. */
  sequence: number;
  heapIndex: number;
}

export class Replay implements Replaying {
  readonly #cursors = new Heap<Cursor>((a, b) => a.sequence < b.sequence); // (Y2)
  readonly #passes: Passes;
  readonly #from: number;
  #missed = 0;

  constructor(
    backlog: Backlog,
    patterns: readonly Pattern[],
    wish: ReplayWish,
    passes: Passes,
    nowMs: number,
    { from, until }: Span = all,
  ) {
    this.#passes = passes;
    this.#from = from;
    const logs: TopicLog[] = [];
    backlog.eachMatching(patterns, (log) => {
      log.trim(nowMs);
      if (log.size > 0) logs.push(log);
    });
    const ends = logs.map((log) => (until === Infinity ? log.end : log.indexFrom(until)));
    const starts =
      wish.kind === "count"
        ? this.#newest(logs, ends, wish.count, nowMs)
        : logs.map((log, index) => this.#start(log, ends[index] as number, wish, nowMs));
    logs.forEach((log, index) => {
      this.#push(log, starts[index] as number, ends[index] as number); // (Y1)
    });
  }

  /** The next message, which {@link take} takes; valid until something is published. `undefined` when it is over. */
  peek(nowMs: number): Uint8Array | undefined {
    for (;;) {
      const cursor = this.#cursors.peek();
      if (cursor === undefined) return undefined;
      const { log, index, end } = cursor;
      if (index < log.first) {
        const next = Math.min(log.first, end);
        this.#missed += next - index; // (Y3)
        this.#advance(cursor, next);
      } else if (log.expiresMs(index) <= nowMs)
        this.#advance(cursor, index + 1); // (Y4)
      else {
        const message = log.message(index);
        if (this.#passes(message, log, index)) return message;
        this.#advance(cursor, index + 1);
      }
    }
  }

  /** Where in which log the message lies that {@link peek} has answered. */
  get place(): { readonly log: TopicLog; readonly index: number } | undefined {
    return this.#cursors.peek();
  }

  /** Goes on behind what {@link peek} has answered. */
  take(): void {
    const cursor = this.#cursors.peek();
    if (cursor !== undefined) this.#advance(cursor, cursor.index + 1);
  }

  /** So many are missing before the next one; Infinity: nobody knows how many. */
  miss(count: number): void {
    this.#missed += count;
  }

  /** How many messages are missing before the next one; each is told once. With a filter, it may not have wanted all of them. */
  takeMissed(): number {
    const missed = this.#missed;
    this.#missed = 0;
    return missed;
  }

  #push(log: TopicLog, start: number, end: number): void {
    const index = this.#from === 0 ? start : Math.max(start, log.indexFrom(this.#from));
    if (index >= end) return;
    this.#cursors.push({ log, index, end, sequence: log.sequence(index), heapIndex: -1 });
  }

  #advance(cursor: Cursor, index: number): void {
    const { log, end } = cursor;
    this.#cursors.remove(cursor);
    if (index >= end) return;
    // one whose message has left is read next: only what follows tells where it belongs
    cursor.index = index;
    cursor.sequence = index < log.first ? cursor.sequence + 1 : log.sequence(index);
    this.#cursors.push(cursor);
  }

  /** Where to begin in `log`, of which what is before `end` is told. */
  #start(log: TopicLog, end: number, wish: Exclude<ReplayWish, { kind: "count" }>, nowMs: number): number {
    let index = end;
    if (wish.kind === "last") {
      do index -= 1;
      while (index >= log.first && !this.#passes(log.message(index), log, index));
      return index < log.first ? end : index;
    }
    const oldestMs = nowMs - wish.ageMs;
    while (index > log.first && log.arrivedMs(index - 1) >= oldestMs) index -= 1;
    return index;
  }

  /** Where to begin in each of `logs` so that the newest `count` messages that are wanted are told. */
  #newest(logs: readonly TopicLog[], ends: readonly number[], count: number, nowMs: number): number[] {
    const starts = [...ends];
    const newestFirst = new Heap<{ place: number; index: number; sequence: number; heapIndex: number }>(
      (a, b) => a.sequence > b.sequence,
    );
    const push = (place: number, index: number): void => {
      const log = logs[place] as TopicLog;
      if (index < log.first) return;
      newestFirst.push({ place, index, sequence: log.sequence(index), heapIndex: -1 });
    };
    ends.forEach((end, place) => {
      push(place, end - 1);
    });
    for (let left = count; left > 0;) {
      const newest = newestFirst.pop();
      if (newest === undefined) break;
      const { place, index } = newest;
      const log = logs[place] as TopicLog;
      push(place, index - 1);
      if (log.expiresMs(index) <= nowMs || !this.#passes(log.message(index), log, index)) continue;
      starts[place] = index;
      left -= 1;
    }
    return starts;
  }
}
