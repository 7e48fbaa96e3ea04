/**
 * Kept: results that stay on this node until nobody needs them.
 *
 * Owns what others may fetch, by key. Sending it is `serving.ts`, fetching from others `fetches.ts`.
 *
 * (K1) What is kept is let go when whoever it is kept for says so or is gone, and at the latest when the time of its
 *      request is over.
 * (K2) Whoever knows the key may fetch what is kept. Keys are random numbers of 53 bits: nobody finds what they were not
 *      told of.
 * (K3) Bytes that are kept count with all that is held on this node; what was only lent is counted where it is held.
 * (K4) Of streams that were read, and of what no client has fetched in time, the last `goneMax` are remembered: whoever comes
 *      for them hears that, and not that they were lost.
 * (K5) What a client does not fetch is let go after `idleMsMax`, or the time in which it may come back where it is gone and that is
 *      less. What it reads by way of another node stays until that has ended.
 */
import { type Deadline, MpregError, type Random, type Timers } from "../../base/index.js";
import { type ResultRef, type Value, wholeValue } from "../../wire/index.js";
import type { HeldBytes } from "../held-bytes.js";
import type { ClientKept } from "./client-kept.js";
import { Stream, alreadyRead, idleMsMax } from "./stream.js";

const goneMax = 1_000;

/** Who lets it go. */
export type KeptFor =
  /** A node that coordinates the request. */
  | { readonly kind: "node"; readonly nodeId: string }
  /** A client, which was told of it. */
  | { readonly kind: "client"; readonly client: ClientKept };

export interface KeptFields {
  /** Name of the step whose result it is. */
  readonly step: string;
  readonly keptFor: KeptFor;
  /** Monotonic time at which nobody needs it any more. (K1) */
  readonly untilMs: number;
}

/** What is kept under one key: bytes that are here, items that are being made here, or what another node keeps. */
export class Kept implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly key: number;
  readonly value: Value | Stream;
  readonly fields: KeptFields;
  readonly countedBytes: number;
  readonly #due: (kept: Kept) => void;

  constructor(key: number, value: Value | Stream, fields: KeptFields, countedBytes: number, due: (kept: Kept) => void) {
    this.key = key;
    this.value = value;
    this.fields = fields;
    this.countedBytes = countedBytes;
    this.#due = due;
  }

  onDue(): void {
    this.#due(this);
  }
}

/** Why something is not kept any more. (K4) */
type Gone = { readonly kind: "read"; readonly step: string } | { readonly kind: "unfetched"; readonly afterMs: number };

export interface KeptHost extends Timers {
  readonly nodeId: string;
  readonly random: Random;
  readonly held: HeldBytes;
  /** Lets go of what another node keeps. */
  release(ref: ResultRef): void;
}

export class KeptResults {
  readonly #host: KeptHost;
  readonly #kept = new Map<number, Kept>();
  /** How often what another node keeps is passed on: it is let go with the last. */
  readonly #passed = new Map<string, number>();
  /** The latest last. (K4) */
  readonly #gone = new Map<number, Gone>();
  readonly #due = (kept: Kept): void => {
    this.release(kept.key);
    const { keptFor } = kept.fields;
    if (keptFor.kind === "client") this.#remember(kept.key, { kind: "unfetched", afterMs: idleMsOf(keptFor.client) });
  };

  constructor(host: KeptHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Keeps a result that was made here; answers why it cannot. (K3) */
  keep(bytes: Uint8Array, fields: KeptFields): ResultRef | MpregError {
    const { held } = this.#host;
    if (!held.hasRoomFor(bytes.length)) {
      return held.refusal("keep a result of", bytes.length, { outcome: "applied", step: fields.step });
    }
    held.bytes += bytes.length;
    if (fields.keptFor.kind === "client") fields.keptFor.client.bytes += bytes.length;
    return this.#add(bytes, fields, bytes.length);
  }

  /** Lets others fetch what is held elsewhere on this node, until {@link release}. (K3) */
  lend(bytes: Uint8Array, fields: KeptFields): ResultRef {
    return this.#add(bytes, fields, 0);
  }

  /** Lets others read what a handler of this node makes; `make` is told how to let go of it. */
  open(make: (release: () => void) => Stream, fields: KeptFields): ResultRef {
    const key = this.#freeKey();
    const stream = make(() => {
      this.release(key);
    });
    return this.#set(key, stream, fields, 0);
  }

  /** Lets a client fetch through this node what another one keeps; that is let go with it. */
  pass(ref: ResultRef, fields: KeptFields): ResultRef {
    const source = sourceOf(ref);
    this.#passed.set(source, (this.#passed.get(source) ?? 0) + 1);
    return { ...this.#add(ref, fields, 0), bytes: ref.bytes, isStream: ref.isStream };
  }

  /** (K2) */
  find(key: number): Kept | undefined {
    return this.#kept.get(key);
  }

  /** What whoever comes for a stream is told when somebody else has read it. (K4) */
  readBefore(key: number, nodeName: string): MpregError | undefined {
    const gone = this.#gone.get(key);
    return gone?.kind === "read" ? alreadyRead(gone.step, nodeName) : undefined;
  }

  /** Why nothing is kept under that key (any more). (K4) */
  absence(key: number, nodeName: string): MpregError {
    const gone = this.#gone.get(key);
    const why = gone?.kind === "unfetched" ? `; what a client does not fetch is let go after ${gone.afterMs} ms` : "";
    return new MpregError("result-lost", `Node "${nodeName}" does not have the result any more${why}`, {
      node: nodeName,
    });
  }

  /** Somebody reads the stream, which is passed on: as long as it is read its time does not run. */
  reading(key: number): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined) this.#host.unschedule(kept);
  }

  /** A client goes on fetching: its time begins anew. */
  renew(key: number, nowMs: number): void {
    const kept = this.#kept.get(key);
    if (kept?.fields.keptFor.kind !== "client") return;
    this.#host.schedule(kept, nowMs + idleMsOf(kept.fields.keptFor.client));
  }

  /** The client is there again. (K5) */
  clientBack(client: ClientKept, nowMs: number): void {
    client.goneForMs = Infinity;
    for (const kept of this.#unreadOf(client)) this.#host.schedule(kept, nowMs + idleMsMax);
  }

  /** The client is gone, and may come back within `forMs`. (K5) */
  clientGone(client: ClientKept, forMs: number, nowMs: number): void {
    client.goneForMs = forMs;
    for (const kept of this.#unreadOf(client)) {
      if (kept.dueMs > nowMs + forMs) this.#host.schedule(kept, nowMs + forMs);
    }
  }

  /** The client does not come back to this node. (K1) (K5) */
  clientLost(client: ClientKept, forMs: number): void {
    client.goneForMs = forMs;
    for (const { key } of this.#unreadOf(client)) this.release(key);
  }

  /** What is kept for it and not being read: that has a time. */
  #unreadOf({ keys }: ClientKept): readonly Kept[] {
    const unread: Kept[] = [];
    for (const key of keys) {
      const kept = this.#kept.get(key);
      if (kept !== undefined && kept.heapIndex >= 0) unread.push(kept);
    }
    return unread;
  }

  /** (K1) */
  release(key: number): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#host.unschedule(kept);
    this.#host.held.bytes -= kept.countedBytes;
    const { keptFor } = kept.fields;
    if (keptFor.kind === "client") {
      keptFor.client.bytes -= kept.countedBytes;
      keptFor.client.keys.delete(key);
    }
    if (kept.value instanceof Stream) {
      if (kept.value.wasRead) this.#remember(key, { kind: "read", step: kept.fields.step });
      kept.value.close();
    } else if (!(kept.value instanceof Uint8Array)) this.#passedOn(kept.value);
  }

  /** Lets go of what is kept for a node that is gone. (K1) */
  nodeLost(nodeId: string): void {
    this.#releaseIf(({ keptFor }) => keptFor.kind === "node" && keptFor.nodeId === nodeId);
  }

  /** (K4) */
  #remember(key: number, gone: Gone): void {
    this.#gone.set(key, gone);
    if (this.#gone.size <= goneMax) return;
    for (const oldest of this.#gone.keys()) return void this.#gone.delete(oldest);
  }

  #passedOn(ref: ResultRef): void {
    const source = sourceOf(ref);
    const left = (this.#passed.get(source) ?? 1) - 1;
    if (left > 0) return void this.#passed.set(source, left);
    this.#passed.delete(source);
    this.#host.release(ref);
  }

  #releaseIf(isOver: (fields: KeptFields) => boolean): void {
    if (this.#kept.size === 0) return;
    for (const { key, fields } of [...this.#kept.values()]) if (isOver(fields)) this.release(key);
  }

  #add(value: Value, fields: KeptFields, countedBytes: number): ResultRef {
    return this.#set(this.#freeKey(), value, fields, countedBytes);
  }

  /** (K2) */
  #freeKey(): number {
    for (;;) {
      const key = drawKey(this.#host.random);
      if (!this.#kept.has(key)) return key;
    }
  }

  #set(key: number, value: Value | Stream, fields: KeptFields, countedBytes: number): ResultRef {
    const kept = new Kept(key, value, fields, countedBytes, this.#due);
    this.#kept.set(key, kept);
    if (fields.keptFor.kind === "client") fields.keptFor.client.keys.add(key);
    if (fields.untilMs < Infinity) this.#host.schedule(kept, fields.untilMs);
    const isStream = value instanceof Stream;
    const bytes = value instanceof Uint8Array ? value.length : isStream ? 0 : value.bytes;
    return { holder: this.#host.nodeId, key, bytes, path: wholeValue, isStream };
  }
}

/** How long what the client does not fetch is kept. (K5) */
export function idleMsOf({ goneForMs }: ClientKept): number {
  return Math.min(idleMsMax, goneForMs);
}

/** Names a result, whatever part of it is meant. */
export function sourceOf({ holder, key }: ResultRef): string {
  return `${holder} ${key}`;
}

/** A key that nobody can guess: what `next` answers can be told from a few of its numbers, what `bytes` does cannot. (K2) */
function drawKey(random: Random): number {
  const [first = 0, ...rest] = random.bytes(7);
  return rest.reduce((key, byte) => key * 256 + byte, first & 0x1f); // 53 bits
}
