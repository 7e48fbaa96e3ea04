/**
 * Sources: who publishes at an exchange, and what waits until it is their turn again.
 *
 * (S1) What a participant has published that is gone with its goodbye goes on waiting: it may count on that. Beyond `leftBytesMax` of all that
 *      are gone, what waits of one that goes is lost.
 */
import { Fifo } from "../structures/index.js";
import type { Confirmation } from "./forwarding/confirmations.js";
import type { Participant } from "./participant.js";
import type { PublishSettled } from "./published.js";
import type { Publisher } from "./types.js";
import type { WayBack } from "./forwarding/way-back.js";

export interface Arrival {
  readonly nodeId: string;
  readonly run: string | undefined;
  /** Its number among those of its node; 0 where it has come back. */
  readonly sequence: number;
  /** How its node hears of it; `undefined` for one that was sent from here, and has come back. */
  readonly back: WayBack | undefined;
  /** Under which its node wants to hear what it comes to; 0: it does not. */
  readonly confirmedAs: number;
  readonly groups: readonly string[];
  readonly tried: readonly string[] | undefined;
  /** Who waits to hear what becomes of it after it has come back. */
  readonly confirmation: Confirmation | undefined;
  /** When it was published, as far as this node's clock goes. */
  readonly sinceMs: number;
}

/** Who wants to know what becomes of a publish; with `confirmation`, on all nodes. */
export interface Asked {
  readonly settled: PublishSettled;
  readonly confirmation: Confirmation | undefined;
}

/** A publish that waits until it is its publisher's turn again. */
export type Waiting =
  | {
      readonly kind: "published";
      readonly message: Uint8Array;
      readonly asked: Asked | undefined;
      readonly held: number;
    }
  | { readonly kind: "arrived"; readonly message: Uint8Array; readonly arrival: Arrival }
  | { readonly kind: "missing"; readonly nodeId: string; readonly sequence: number; readonly count: number };

/** Whose publishes are blocked: a participant, or another node. */
export interface Source extends Publisher {
  readonly participant: Participant | undefined;
  /** Not empty: it is blocked. */
  readonly waiting: Fifo<Waiting>;
  /** Bytes of what waits that was published here. */
  waitingBytes: number;
}

const leftBytesMax = 16 * 1024 * 1024;

/** Participants that are gone with a goodbye while something of theirs waits. */
export class LeftSources {
  readonly #bytes = new Map<Source, number>();
  #sum = 0;

  get size(): number {
    return this.#bytes.size;
  }

  /** Answers whether what waits of `source` goes on waiting. (S1) */
  add(source: Source): boolean {
    const bytes = source.waitingBytes;
    if (bytes === 0 || this.#sum + bytes > leftBytesMax) return false;
    this.#bytes.set(source, bytes);
    this.#sum += bytes;
    return true;
  }

  has(source: Source): boolean {
    return this.#bytes.has(source);
  }

  remove(source: Source): void {
    this.#sum -= this.#bytes.get(source) ?? 0;
    this.#bytes.delete(source);
  }
}

/** Participants and other nodes as publishers, by number. */
export class Sources {
  /** Participants that are gone with a goodbye. (S1) */
  readonly left: LeftSources = new LeftSources();
  readonly #all = new Map<number, Source>();
  /** Numbers of other nodes: below those of participants. */
  readonly #nodes = new Map<string, number>();
  #lastNode = 0;

  get size(): number {
    return this.#all.size;
  }

  get(id: number): Source | undefined {
    return this.#all.get(id);
  }

  of(participant: Participant): Source & { readonly participant: Participant } {
    const known = this.#all.get(participant.id);
    if (known !== undefined) return known as Source & { readonly participant: Participant };
    const { id, isCluster } = participant;
    const source = { id, isCluster, participant, waiting: new Fifo<Waiting>(), waitingBytes: 0 };
    this.#all.set(id, source);
    return source;
  }

  ofNode(nodeId: string): Source {
    const known = this.#nodes.get(nodeId);
    if (known !== undefined) return this.#all.get(known) as Source;
    this.#lastNode -= 1;
    const waiting = new Fifo<Waiting>();
    const source: Source = { id: this.#lastNode, isCluster: true, participant: undefined, waiting, waitingBytes: 0 };
    this.#nodes.set(nodeId, source.id);
    this.#all.set(source.id, source);
    return source;
  }

  /** What waits of another node, where it is known as a publisher. */
  waitingOf(nodeId: string): Fifo<Waiting> | undefined {
    const id = this.#nodes.get(nodeId);
    return id === undefined ? undefined : this.#all.get(id)?.waiting;
  }

  delete(id: number): void {
    this.#all.delete(id);
  }

  /** Another node publishes nothing any more, unless something of it waits. */
  forgetNode(nodeId: string): void {
    const id = this.#nodes.get(nodeId);
    if (id === undefined || (this.#all.get(id)?.waiting.size ?? 0) > 0) return;
    this.#nodes.delete(nodeId);
    this.#all.delete(id);
  }
}

/** Bytes that a subscription has taken at once, or will never be able to take because they were never sent. */
export interface Gone {
  readonly participant: number;
  readonly number: number;
  readonly bytes: number;
}
