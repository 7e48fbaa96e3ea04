/**
 * Merged replay: what a subscription is told of the backlogs of all nodes before it hears what is live.
 *
 * Owns the order. What this node has is read where it lies (`replay.ts`); what others have told (`gathering.ts`) is here.
 *
 * (Y1) What one node tells comes in the order of that node; between nodes, what came earlier is told first, as far as their answers say.
 * (Y2) Of one process of a node there are messages of one teller only, itself where it can be asked: so nothing comes twice, and in its order.
 * (Y3) Of a count the newest are told, over all; of last values the newest of each topic, of two of one time the one with the larger id.
 * (Y4) What expires before it was told is nobody's.
 */
import type { Provenance } from "./held-back.js";
import type { Replay, ReplayWish, Replaying } from "../backlog/replay.js";
import type { TopicMessageReader } from "../topic-message.js";

/** A message that another node has told. */
export interface Gathered {
  readonly message: Uint8Array;
  /** When it came to that node, on the clock of this one. */
  readonly arrivedMs: number;
  readonly expiresMs: number;
  /** The process where it was published. */
  readonly origin: string;
}

interface List {
  readonly entries: readonly Gathered[];
  at: number;
}

/** The newest of a topic. */
interface Newest {
  readonly arrivedMs: number;
  readonly id: string;
}

export class MergedReplay implements Replaying {
  /** Whether what has come live from there is part of this. */
  readonly covers: (from: Provenance) => boolean;
  readonly #own: Replay;
  readonly #lists: List[];
  readonly #reader: TopicMessageReader;
  /** By topic, where only the last values are wanted. */
  readonly #newest: Map<string, Newest> | undefined;
  /** The one whose message is next; `undefined`: this node's. */
  #next: List | undefined;
  #missed: number;

  /** `newestOf` reads once more what `own` does; `missed` messages are told as missing before all others. */
  constructor(
    own: Replay,
    newestOf: Replay,
    lists: readonly (readonly Gathered[])[],
    wish: ReplayWish,
    reader: TopicMessageReader,
    covers: (from: Provenance) => boolean,
    missed: number,
    nowMs: number,
  ) {
    this.covers = covers;
    this.#own = own;
    this.#reader = reader;
    this.#lists = lists.filter(({ length }) => length > 0).map((entries) => ({ entries, at: 0 }));
    this.#missed = missed;
    if (wish.kind === "last") {
      this.#newest = new Map();
      for (let message = newestOf.peek(nowMs); message !== undefined; message = newestOf.peek(nowMs)) {
        this.#compare(message, arrivedMsOf(newestOf));
        newestOf.take();
      }
      for (const { entries } of this.#lists) for (const each of entries) this.#compare(each.message, each.arrivedMs);
    } else if (wish.kind === "count") {
      let count = this.#lists.reduce((sum, { entries }) => sum + entries.length, 0);
      while (newestOf.peek(nowMs) !== undefined) {
        newestOf.take();
        count += 1;
      }
      for (let left = count - wish.count; left > 0 && this.peek(nowMs) !== undefined; left--) this.take(); // (Y3)
      this.#own.takeMissed();
    }
  }

  /** As {@link Replay.peek}. */
  peek(nowMs: number): Uint8Array | undefined {
    for (;;) {
      const message = this.#first(nowMs);
      if (message === undefined || this.#isWanted(message)) return message;
      this.take();
    }
  }

  take(): void {
    if (this.#next === undefined) return this.#own.take();
    this.#next.at += 1;
    if (this.#next.at === this.#next.entries.length) this.#lists.splice(this.#lists.indexOf(this.#next), 1);
  }

  takeMissed(): number {
    const missed = this.#missed + this.#own.takeMissed();
    this.#missed = 0;
    return missed;
  }

  /** (Y1) */
  #first(nowMs: number): Uint8Array | undefined {
    const own = this.#own.peek(nowMs);
    let firstMs = own === undefined ? Infinity : arrivedMsOf(this.#own);
    let first: Gathered | undefined;
    this.#next = undefined;
    for (const list of [...this.#lists]) {
      const entry = unexpired(list, nowMs);
      if (entry === undefined) this.#lists.splice(this.#lists.indexOf(list), 1);
      else if (entry.arrivedMs < firstMs) {
        firstMs = entry.arrivedMs;
        first = entry;
        this.#next = list;
      }
    }
    return first?.message ?? own;
  }

  #compare(message: Uint8Array, arrivedMs: number): void {
    const { topic, id } = this.#reader.open(message);
    const known = this.#newest?.get(topic);
    if (known !== undefined && !(arrivedMs > known.arrivedMs || (arrivedMs === known.arrivedMs && id > known.id)))
      return;
    this.#newest?.set(topic, { arrivedMs, id }); // (Y3)
  }

  #isWanted(message: Uint8Array): boolean {
    if (this.#newest === undefined) return true;
    const { topic, id } = this.#reader.open(message);
    return this.#newest.get(topic)?.id === id;
  }
}

function arrivedMsOf({ place }: Replay): number {
  return place === undefined ? Infinity : place.log.arrivedMs(place.index);
}

/** What is next of `list`; what has expired is left out. (Y4) */
function unexpired(list: List, nowMs: number): Gathered | undefined {
  while ((list.entries[list.at]?.expiresMs ?? Infinity) <= nowMs) list.at += 1;
  return list.entries[list.at];
}
