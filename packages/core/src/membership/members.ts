/**
 * Members: what this node believes of every node, itself included, and by which rules news change it.
 *
 * Owns the table. How news travel is `updates.ts`, who is probed `detector.ts`.
 *
 * (M1) What is believed of a member is the highest of (incarnation, state, sequence) heard of it, where alive < suspect
 *      < down < left: the order in which news arrive does not matter.
 * (M2) Only its own key raises a member's incarnation, and not by more than `incarnationStepMax` at once: nobody can
 *      use its numbers up.
 * (M3) Suspicion ends by a higher incarnation or a deadline, never by an older word.
 * (M4) A name belongs to one key as long as its holder is alive or suspect.
 * (M5) Members that are down or have left are remembered for `forgetMs`, so that old news cannot bring them back, and
 *      then forgotten. There are never more than `membersMax`; alive ones are not given up for new ones.
 */
import { Timer, type Timers, areSameBytes, quoted } from "../base/index.js";
import type { Accusation, NodeRecord, RecordMessage, Signed } from "../wire/index.js";
import { Digest, lineOf } from "./digest.js";
import { lateMs } from "./local-health.js";
import { Suspicion } from "./suspicion.js";
import {
  type Entry,
  type Member,
  type MemberChange,
  type MemberState,
  type MembershipOptions,
  isPresent,
} from "./types.js";
import { pairWeight } from "./weight.js";

/** What became of news. A refusal says why: whoever sent it is at fault. */
export type Applied =
  | { readonly kind: "news"; readonly entry: Entry }
  | { readonly kind: "known" }
  /** It is genuine, and not taken here: whoever has passed it on need not know why. */
  | { readonly kind: "declined"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

export interface MembersHost extends Timers {
  changed(change: MemberChange, nowMs: number): void;
  /** The suspicion of a member is about to end: now is the time to ask others what they have heard. */
  ending(entry: Entry): void;
  /** The suspicion of a member has ended without a word of it. */
  expired(entry: Entry, nowMs: number): void;
  /** Nothing is known of it any more. */
  forgotten(nodeId: string): void;
}

/** A record as it travels, and what it says. */
export type ReceivedRecord = Pick<RecordMessage, "record" | "hopsLeft" | "signature" | "body">;

const incarnationStepMax = 1_000_000;
/** Leaves room for steps of 32 bits. */
const incarnationMax = 2 ** 52;
const known: Applied = { kind: "known" };

interface Row extends Entry {
  readonly nodeId: string;
  /** Ends its suspicion, or its memory. */
  readonly expiry: Timer;
}

export class Members {
  readonly digest: Digest = new Digest();
  readonly #selfId: string;
  readonly #options: MembershipOptions;
  readonly #host: MembersHost;
  readonly #rows = new Map<string, Row>();
  /** Who holds a name: alive and suspect members only. (M4) */
  readonly #names = new Map<string, Row>();
  #present = 0;

  constructor(selfId: string, options: MembershipOptions, host: MembersHost) {
    this.#selfId = selfId;
    this.#options = options;
    this.#host = host;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Members that are alive or suspect. */
  get present(): number {
    return this.#present;
  }

  /** How many suspicions and memories are timed. */
  get scheduled(): number {
    let scheduled = 0;
    for (const { expiry } of this.#rows.values()) if (expiry.heapIndex >= 0) scheduled += 1;
    return scheduled;
  }

  get(nodeId: string): Entry | undefined {
    return this.#rows.get(nodeId);
  }

  isPresent(nodeId: string): boolean {
    const row = this.#rows.get(nodeId);
    return row !== undefined && isPresent(row.state);
  }

  all(): IterableIterator<Entry> {
    return this.#rows.values();
  }

  /** The id of the member of that name that is there. */
  idOf(name: string): string | undefined {
    return this.#names.get(name)?.nodeId;
  }

  /** Why a node of this id and name may not join; `undefined` when it may. (M4) */
  nameRefusal(nodeId: string, name: string): string | undefined {
    const holder = this.#names.get(name);
    if (holder === undefined || holder.nodeId === nodeId) return undefined;
    return `the name ${quoted(name)} belongs to node ${holder.nodeId}, which is ${holder.state}`;
  }

  /** Takes a record of the node `nodeId`, when it is news and genuine. */
  record(nodeId: string, message: ReceivedRecord, isGenuine: () => boolean, nowMs: number): Applied {
    const { record } = message;
    const row = this.#rows.get(nodeId);
    if (row !== undefined && !isNewer(row, record)) return known; // (M1)
    const before = row?.record.incarnation ?? incarnationMax - incarnationStepMax;
    if (!isGenuine()) return refused(`a record of node ${nodeId} that its key has not signed`);
    if (record.incarnation - before > incarnationStepMax) {
      return declined(`incarnation ${record.incarnation} of node ${nodeId} after ${before}`); // (M2)
    }
    const state = record.left ? "left" : row === undefined || record.incarnation > before ? "alive" : row.state;
    const nameTaken = isPresent(state) ? this.nameRefusal(nodeId, record.name) : undefined;
    if (nameTaken !== undefined) return declined(nameTaken); // (M4)
    if (row === undefined) return this.#add(nodeId, message, state, nowMs);
    const isReplaced = !areSameBytes(row.record.run, record.run);
    this.#release(row);
    this.#hold(row, message);
    this.#enter(row, state, nowMs, false, isReplaced);
    return { kind: "news", entry: row };
  }

  /** Takes an accusation of a member, when it is news and genuine. */
  accusation(accusation: Accusation, isGenuine: () => boolean, nowMs: number): Applied {
    const { verdict, target, incarnation, accuser } = accusation;
    const row = this.#rows.get(target);
    // one of a higher incarnation is about a record that is still on its way
    if (row === undefined || incarnation !== row.record.incarnation || !isPresent(row.state)) return known; // (M3)
    const { suspicion } = row;
    const confirms =
      suspicion === undefined ||
      (suspicion.accusers.size <= suspicion.confirmations && !suspicion.accusers.has(accuser)) ||
      (verdict === "down" && !suspicion.concluded);
    if (!confirms) return known;
    if (!isGenuine()) return refused(`an accusation of node ${target} that ${accuser} has not signed`);
    const held = (row.suspicion ??= new Suspicion(this.#suspicionTimes, nowMs));
    held.confirm(accuser);
    if (verdict === "down") held.conclude();
    this.#time(row, held.dueMs, nowMs);
    if (row.state === "alive") this.#enter(row, "suspect", nowMs);
    return { kind: "news", entry: row };
  }

  /** The member is taken for down: its suspicion has ended. */
  down(entry: Entry, nowMs: number): void {
    const row = this.#rows.get(entry.nodeId);
    if (row?.state !== "suspect") return;
    this.#release(row);
    this.#enter(row, "down", nowMs);
  }

  /** Which offers of the member this node knows. */
  offers(nodeId: string, boot: number, version: number): void {
    const row = this.#rows.get(nodeId);
    if (row === undefined) return;
    row.boot = boot;
    row.version = version;
    this.digest.set(nodeId, lineOf(row));
  }

  /** Forgets everybody. */
  clear(): void {
    for (const row of this.#rows.values()) this.#forget(row);
    this.#names.clear();
    this.#present = 0;
  }

  #add(nodeId: string, message: ReceivedRecord, state: MemberState, nowMs: number): Applied {
    if (this.#rows.size >= this.#options.membersMax && !this.#makeRoom()) {
      return declined(`node ${nodeId}: ${this.#rows.size} members are known already`); // (M5)
    }
    const row: Row = {
      nodeId,
      record: message.record,
      message,
      state,
      sinceMs: nowMs,
      suspicion: undefined,
      running: undefined,
      coordinate: undefined,
      boot: 0,
      version: 0,
      weight: pairWeight(this.#selfId, nodeId),
      expiry: new Timer((dueMs) => {
        this.#expire(row, dueMs);
      }),
    };
    this.#hold(row, message);
    this.#rows.set(nodeId, row);
    this.#enter(row, state, nowMs, true);
    return { kind: "news", entry: row };
  }

  /** Keeps the record, and not the frame that it came in. */
  #hold(row: Row, { record, hopsLeft, signature, body }: ReceivedRecord): void {
    const outlived = record.outlived && { ...record.outlived, run: record.outlived.run.slice() };
    row.record = { ...record, publicKey: record.publicKey.slice(), run: record.run.slice(), outlived };
    row.message = { hopsLeft, ...copied({ signature, body }) };
    if (row.boot < record.boot) row.boot = row.version = 0; // what it offered in an earlier life is void
  }

  /** Brings the row into a state and tells of it. */
  #enter(row: Row, state: MemberState, nowMs: number, isNew = false, isReplaced = false): void {
    const before = isNew ? undefined : row.state;
    if (before !== state) row.sinceMs = nowMs;
    this.#present += Number(isPresent(state)) - Number(isPresent(before));
    row.state = state;
    if (isPresent(state)) this.#names.set(row.record.name, row);
    if (state !== "suspect") {
      row.suspicion = undefined; // (M3)
      if (state === "alive") this.#host.unschedule(row.expiry);
      else this.#host.schedule(row.expiry, nowMs + this.#options.forgetMs); // (M5)
    }
    this.digest.set(row.nodeId, lineOf(row));
    this.#host.changed({ member: row, before, isReplaced }, nowMs);
  }

  #release(row: Row): void {
    if (this.#names.get(row.record.name) === row) this.#names.delete(row.record.name);
  }

  #expire(row: Row, nowMs: number): void {
    if (row.state !== "suspect") return this.#forget(row); // (M5)
    const { suspicion, expiry } = row;
    // while this node stood still its suspect may have spoken: what it has said is read first (H2)
    if (nowMs - expiry.dueMs > lateMs) return this.#time(row, nowMs + this.#options.suspicionMsMin, nowMs);
    if (suspicion?.isEnding === true) return this.#host.expired(row, nowMs);
    if (suspicion !== undefined) suspicion.isEnding = true;
    this.#host.schedule(expiry, nowMs + this.#endingMs);
    this.#host.ending(row);
  }

  /** Ends the suspicion at `endMs`, if this node was awake shortly before: the timer fires twice. */
  #time({ suspicion, expiry }: Row, endMs: number, nowMs: number): void {
    if (suspicion !== undefined) suspicion.isEnding = false;
    this.#host.schedule(expiry, Math.max(nowMs, endMs - this.#endingMs));
  }

  /** How long before its end a suspicion is looked at: as long as others take to answer. */
  get #endingMs(): number {
    return Math.max(2 * lateMs, this.#options.gossipIntervalMs / 2);
  }

  #forget(row: Row): void {
    this.#host.unschedule(row.expiry);
    this.#rows.delete(row.nodeId);
    this.digest.set(row.nodeId, undefined);
    this.#host.forgotten(row.nodeId);
  }

  /** Forgets the one that has been gone the longest. */
  #makeRoom(): boolean {
    let oldest: Row | undefined;
    for (const row of this.#rows.values()) {
      if (!isPresent(row.state) && (oldest === undefined || row.sinceMs < oldest.sinceMs)) oldest = row;
    }
    if (oldest === undefined) return false;
    this.#forget(oldest);
    return true;
  }

  /** Others than this node and the suspect have to be there to confirm. */
  get #suspicionTimes(): ConstructorParameters<typeof Suspicion>[0] {
    const confirmations = Math.max(0, Math.min(this.#options.confirmations, this.#present - 2));
    return { ...this.#options, confirmations };
  }
}

/** Whether a record says more of the member than what is known. (M1) */
function isNewer(row: Member, record: NodeRecord): boolean {
  if (record.incarnation !== row.record.incarnation) return record.incarnation > row.record.incarnation;
  if (row.record.left) return false;
  return record.left || record.sequence > row.record.sequence;
}

function copied({ signature, body }: Signed): Signed {
  return { signature: signature.slice(), body: body.slice() };
}

function declined(reason: string): Applied {
  return { kind: "declined", reason };
}

function refused(reason: string): Applied {
  return { kind: "refused", reason };
}
