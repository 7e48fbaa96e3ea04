/**
 * Group commit: the front of every store. Batches that come while a commit is under way go together into the next one.
 *
 * Owns tickets, limits, the order in which ends are told, and the freeze. How a group gets to the disk is its committer's.
 *
 * (G1) One commit at a time: what is on its way is one group, so that a crash can leave only one in doubt.
 * (G2) Nothing is told from within `write`, `close` or a read: telling is done `later`.
 * (G3) A group that finds no room is tried in smaller ones, down to one batch: only a batch that finds no room by itself is refused.
 * (G4) Once frozen, nothing is committed and nothing persisted is told, whatever a commit under way comes to.
 * (G5) What waits is bounded: beyond `waitingBytesMax` batches are refused, and refusals in a row are one entry.
 */
import type { MpregError } from "../base/index.js";
import { assert } from "../base/index.js";
import { Fifo } from "../structures/index.js";
import {
  type Batch,
  type Freeze,
  type Operation,
  type Refusal,
  type StoreEvents,
  type StoreFigures,
  type StoreLimits,
  type Ticket,
  defaultStoreLimits,
} from "./store.js";

/** What became of a group. */
export type CommitEnd =
  /** It is on the disk, whole. `ms` = how long it took. */
  | { readonly kind: "durable"; readonly syncs: number; readonly ms: number }
  /** Nothing of it was applied: there is no room. */
  | { readonly kind: "full" }
  /** Nobody knows. */
  | { readonly kind: "failed"; readonly error: MpregError };

/** Makes all batches of a group durable, in their order and as one, then calls `done`, now or later. */
export type Committer = (group: readonly Batch[], done: (end: CommitEnd) => void) => void;

export interface GroupCommitOptions {
  readonly tables: readonly string[];
  readonly events: StoreEvents;
  /** Calls `run` once the turn that is under way has ended. */
  readonly later: (run: () => void) => void;
  readonly limits?: Partial<StoreLimits> | undefined;
}

/** What waits: a batch, or refusals in a row for the same reason. */
interface WaitingBatch {
  readonly kind: "batch";
  readonly ticket: Ticket;
  readonly batch: Batch;
  readonly bytes: number;
}
interface WaitingRefusals {
  readonly kind: "refused";
  readonly from: Ticket;
  to: Ticket;
  readonly why: Refusal;
}
type Waiting = WaitingBatch | WaitingRefusals;

interface Group {
  readonly from: Ticket;
  readonly to: Ticket;
  readonly waits: readonly WaitingBatch[];
  readonly bytes: number;
}

type Phase =
  { readonly kind: "open" } | { readonly kind: "closing"; readonly closed: () => void } | { readonly kind: "closed" };

/** Bytes that one operation holds beside its key and value, roughly. */
const operationBytes = 64;

export class GroupCommit {
  readonly limits: StoreLimits;
  readonly #tables: ReadonlySet<string>;
  readonly #events: StoreEvents;
  readonly #later: (run: () => void) => void;
  readonly #commit: Committer;
  readonly #waiting = new Fifo<Waiting>();
  /** Batches of groups that found no room, the oldest last. (G3) */
  readonly #again: WaitingBatch[] = [];
  /** The refusals that came last, while nothing came behind them. */
  #newestRefused: WaitingRefusals | undefined;
  #lastTicket: Ticket = 0;
  #waitingBytes = 0;
  #phase: Phase = { kind: "open" };
  #freeze: Freeze | undefined;
  #isFreezeTold = false;
  #underWay: Group | undefined;
  #isScheduled = false;
  /** How many batches a group may have: halved where there is no room, doubled where there is. (G3) */
  #groupBatchesMax = Infinity;
  readonly #counts = { commits: 0, batches: 0, operations: 0, bytes: 0, refused: 0, syncs: 0, commitMs: 0 };

  constructor(options: GroupCommitOptions, commit: Committer) {
    this.limits = { ...defaultStoreLimits, ...options.limits };
    this.#tables = new Set(options.tables);
    this.#events = options.events;
    this.#later = options.later;
    this.#commit = commit;
  }

  write(batch: Batch): Ticket {
    const ticket = ++this.#lastTicket;
    const bytes = this.#check(batch);
    if (typeof bytes === "string") this.#refuse(ticket, bytes);
    else {
      this.#newestRefused = undefined;
      this.#waiting.push({ kind: "batch", ticket, batch, bytes });
      this.#waitingBytes += bytes;
    }
    this.#schedule();
    return ticket;
  }

  /** The disk has failed, or what is on it does not check. Answers the error to throw. (G4) */
  freeze(error: MpregError): MpregError {
    if (this.#freeze !== undefined) return this.#freeze.error;
    const { from, to } = this.#underWay ?? {};
    this.#freeze = { error, unknown: from === undefined || to === undefined ? undefined : { from, to } };
    this.#waitingBytes -= this.#underWay?.bytes ?? 0;
    this.#underWay = undefined;
    this.#schedule();
    return error;
  }

  checkTable(table: string): void {
    assert(this.#tables.has(table), `the store was opened without the table "${table}"`);
  }

  /** Calls `closed` once all ends are told. */
  close(closed: () => void): void {
    assert(this.#phase.kind === "open", "a store is closed once");
    this.#phase = { kind: "closing", closed };
    this.#schedule();
  }

  figures(): StoreFigures {
    return { ...this.#counts, waitingBytes: this.#waitingBytes };
  }

  /** The bytes of a batch that may be taken, or why it may not. */
  #check(batch: Batch): number | Refusal {
    let bytes = 0;
    let isTooLarge = false;
    for (const operation of batch) {
      this.checkTable(operation.table);
      const size = operationSize(operation, this.limits);
      if (size === undefined) isTooLarge = true;
      else bytes += size;
    }
    if (this.#phase.kind !== "open") return "closed";
    if (this.#freeze !== undefined) return "frozen";
    if (isTooLarge || bytes > this.limits.batchBytesMax) return "too-large";
    if (this.#waitingBytes > this.limits.waitingBytesMax) return "busy"; // (G5)
    return bytes + batch.length * operationBytes;
  }

  /** (G5) */
  #refuse(ticket: Ticket, why: Refusal): void {
    if (this.#newestRefused?.why === why) this.#newestRefused.to = ticket;
    else this.#waiting.push((this.#newestRefused = { kind: "refused", from: ticket, to: ticket, why }));
  }

  /** (G2) */
  #schedule(): void {
    if (this.#isScheduled || this.#underWay !== undefined) return;
    this.#isScheduled = true;
    this.#later(() => {
      this.#isScheduled = false;
      this.#goOn();
    });
  }

  /** Tells what can be told, then begins the next commit. (G1) */
  #goOn(): void {
    if (this.#underWay !== undefined) return;
    if (this.#freeze !== undefined && !this.#isFreezeTold) {
      this.#isFreezeTold = true;
      this.#events.frozen(this.#freeze);
    }
    for (;;) {
      const next = this.#next();
      if (next === undefined) return this.#end();
      if (next.kind === "batch" && this.#freeze === undefined) return this.#begin();
      this.#take();
      if (next.kind === "batch") {
        this.#waitingBytes -= next.bytes;
        this.#tellRefused(next.ticket, next.ticket, "frozen");
      } else {
        if (this.#newestRefused === next) this.#newestRefused = undefined;
        this.#tellRefused(next.from, next.to, next.why);
      }
    }
  }

  #tellRefused(from: Ticket, to: Ticket, why: Refusal): void {
    for (let ticket = from; ticket <= to; ticket++) {
      this.#counts.refused += 1;
      this.#events.refused(ticket, why);
    }
  }

  #end(): void {
    if (this.#phase.kind !== "closing") return;
    const { closed } = this.#phase;
    this.#phase = { kind: "closed" };
    closed();
  }

  #begin(): void {
    const group = this.#takeGroup();
    this.#underWay = group;
    const batches = group.waits.map((wait) => wait.batch);
    if (batches.every((batch) => batch.length === 0)) {
      this.#ended(group, { kind: "durable", syncs: 0, ms: 0 }); // marks: all before them has ended
      return;
    }
    this.#counts.commits += 1;
    this.#commit(batches, (end) => {
      if (this.#underWay === group) this.#ended(group, end); // (G4)
    });
  }

  /** The batches that wait, up to a refusal: its end has to be told between theirs. */
  #takeGroup(): Group {
    const waits: WaitingBatch[] = [];
    let bytes = 0;
    for (;;) {
      const next = this.#next();
      if (next?.kind !== "batch" || waits.length >= this.#groupBatchesMax) break;
      if (waits.length > 0 && bytes + next.bytes > this.limits.groupBytesMax) break;
      this.#take();
      bytes += next.bytes;
      waits.push(next);
    }
    const tickets = { from: waits[0]?.ticket ?? 0, to: waits.at(-1)?.ticket ?? 0 };
    return { from: tickets.from, to: tickets.to, waits, bytes };
  }

  #next(): Waiting | undefined {
    return this.#again.at(-1) ?? this.#waiting.first;
  }

  #take(): void {
    if (this.#again.pop() === undefined) this.#waiting.shift();
  }

  #ended(group: Group, end: CommitEnd): void {
    if (end.kind === "failed") {
      this.freeze(end.error);
      return;
    }
    this.#underWay = undefined; // before anybody is told: who reads now and finds damage has nothing to say of this group
    if (end.kind === "durable") {
      this.#groupBatchesMax *= 2;
      this.#count(group, end);
      this.#waitingBytes -= group.bytes;
      this.#events.persisted(group.to);
    } else if (group.waits.length > 1) {
      this.#groupBatchesMax = Math.floor(group.waits.length / 2); // (G3)
      for (let at = group.waits.length - 1; at >= 0; at--) this.#again.push(group.waits[at] as WaitingBatch);
    } else {
      this.#waitingBytes -= group.bytes;
      this.#tellRefused(group.from, group.to, "full");
    }
    this.#schedule();
  }

  #count(group: Group, end: Extract<CommitEnd, { kind: "durable" }>): void {
    const counts = this.#counts;
    for (const { batch } of group.waits) counts.operations += batch.length;
    counts.batches += group.waits.length;
    counts.bytes += group.waits.reduce((sum, wait) => sum + wait.bytes - wait.batch.length * operationBytes, 0);
    counts.syncs += end.syncs;
    counts.commitMs += end.ms;
  }
}

/** Bytes of the keys and the value; undefined when one exceeds its limit. */
function operationSize(operation: Operation, limits: StoreLimits): number | undefined {
  switch (operation.kind) {
    case "put": {
      const { key, value } = operation;
      assert(key.length > 0, "a key has at least one byte");
      return key.length <= limits.keyBytesMax && value.length <= limits.valueBytesMax
        ? key.length + value.length
        : undefined;
    }
    case "delete":
      assert(operation.key.length > 0, "a key has at least one byte");
      return operation.key.length <= limits.keyBytesMax ? operation.key.length : undefined;
    case "delete-range": {
      const [from, to] = [operation.from?.length ?? 0, operation.to?.length ?? 0];
      return Math.max(from, to) <= limits.keyBytesMax ? from + to : undefined;
    }
  }
}
