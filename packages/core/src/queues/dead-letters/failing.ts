/**
 * Failing: messages that can never be done, and belong to no receiver any more: no quorum of them is possible, or what they wait for was not done.
 *
 * Owns the line of them, and when is tried again what was refused. What was received too often is `dead-letters.ts`'s.
 *
 * (G1) Such a message is in the dead-letter queue and gone from here by one batch. Where that is refused (no room on the disk, or over there; no such
 *      queue) it stays, is given to nobody, and this is tried again after 1 s, doubled each time up to 30 s, and after a restart.
 * (G2) Only where no dead-letter queue is set it is gone without, once that is on the disk: `abandoned`.
 * (G3) They go in the order in which they failed, one batch at a time. Where one of a group stays, all that failed after it in its group stay.
 * (G4) What else is on its way to the disk of a message ends first: what is withdrawn, or moved, just then is no dead letter. What is about to be
 *      purged stays until that has ended.
 * (G5) A TTL goes on while it waits, and ends that.
 * (G6) Of a line that nobody takes no more than {@link batchMessagesMax} messages are looked at before it rests.
 */
import type { DueItem, MpregError } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { type DyingQueue, prepareLetter } from "./dead-letters.js";
import type { Transfer } from "../host.js";
import { type Message, entriesOf, isSettling } from "../message/message.js";
import { failureOf } from "../outcomes/results.js";
import type { DeathReason } from "../types.js";

/** What it needs of its queue. */
export interface FailingQueue extends DyingQueue {
  note(operations: readonly Operation[]): void;
}

/** `held`: something of it is on its way to the disk yet. */
type Phase = "held" | "waiting" | "moving";

interface Item {
  readonly message: Message;
  readonly reason: DeathReason;
  phase: Phase;
}

/** An item on its way, with what is reserved for it over there; `undefined`: it goes nowhere. */
interface Moving {
  readonly item: Item;
  readonly transfer: Extract<Transfer, { readonly kind: "prepared" }> | undefined;
}

const batchMessagesMax = 64;
const refusedWaitMsMin = 1_000;
const refusedWaitMsMax = 30_000;

export class Failing implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: FailingQueue;
  /** In the order in which they failed. (G3) */
  readonly #line = new Map<Message, Item>();
  /** A round looks at each once. */
  #round: Iterator<Item> | undefined;
  /** Groups of which one has stayed in this round. (G3) */
  readonly #stuck = new Set<string>();
  /** How often nothing has gone. */
  #refusals = 0;
  /** Fewer where the disk has refused more at once. */
  #batchMax = batchMessagesMax;
  #isMoving = false;
  #isGoing = false;
  #rests = false;
  #closed = false;

  constructor(queue: FailingQueue) {
    this.#queue = queue;
  }

  has(message: Message): boolean {
    return this.#line.has(message);
  }

  /** Nobody gets it from now on. One that is here already stays. */
  add(message: Message, reason: DeathReason, nowMs: number): void {
    if (this.#line.has(message)) return;
    let isHeld = false;
    for (const entry of entriesOf(message)) {
      if (entry.state === "gone") continue;
      isHeld ||= isSettling(entry.state);
      this.#queue.laneOf(entry)?.fail(entry);
    }
    const item: Item = { message, reason, phase: isHeld ? "held" : "waiting" };
    this.#line.set(message, item);
    if (!isHeld) return this.#goOn(nowMs);
    this.#queue.host.writes.after((at) => {
      item.phase = "waiting";
      this.#goOn(at); // (G4)
    }, nowMs);
  }

  /** It has left in another way. */
  forget(message: Message): void {
    this.#line.delete(message);
  }

  /** The time of a message is over; answers whether it is one of these. (G5) */
  expire(message: Message, nowMs: number): boolean {
    const item = this.#line.get(message);
    if (item === undefined) return false;
    if (item.phase === "waiting") this.#expire(item, nowMs); // else its end tells
    return true;
  }

  onDue(nowMs: number): void {
    this.#rests = false;
    this.#goOn(nowMs);
  }

  close(): void {
    this.#closed = true;
    this.#queue.host.timers.unschedule(this);
  }

  /** In memory each batch has ended when it is handed in. */
  #goOn(nowMs: number): void {
    if (this.#isGoing || this.#rests) return;
    this.#isGoing = true;
    while (!this.#isMoving && !this.#closed && this.#line.size > 0 && this.#move(nowMs));
    this.#isGoing = false;
  }

  /** The next batch; answers whether there was one. */
  #move(nowMs: number): boolean {
    const { batch, stays } = this.#next(nowMs);
    if (batch.length === 0) {
      if (stays) this.#rest(nowMs);
      return false;
    }
    const operations = batch.flatMap((moving) => this.#operationsOf(moving));
    this.#isMoving = true;
    const done = (at: number): void => {
      this.#isMoving = false;
      this.#refusals = 0;
      this.#batchMax = Math.min(batchMessagesMax, this.#batchMax * 2);
      for (const { item, transfer } of batch) {
        this.#line.delete(item.message);
        transfer?.admit(at);
        this.#queue.remove(item.message, transfer === undefined ? "abandoned" : "dead", at);
      }
      this.#queue.serve(at);
      this.#goOn(at);
    };
    const failed = (error: MpregError, at: number): void => {
      this.#isMoving = false;
      for (const moving of batch.toReversed()) this.#back(moving, error, at);
      this.#batchMax = Math.max(1, batch.length >> 1);
      this.#rest(at);
    };
    this.#queue.commit(operations, { done, failed }, nowMs);
    return true;
  }

  #operationsOf({ item: { message }, transfer }: Moving): Operation[] {
    const { results } = this.#queue;
    const operations = this.#queue.undoneOf(message);
    if (message.marks?.keepResult === true)
      operations.push(
        ...results.operations(message, failureOf(message, transfer === undefined ? "abandoned" : "dead")),
      );
    if (transfer !== undefined) operations.push(...transfer.operations);
    return operations;
  }

  /** Those that go next, each with what takes it; and whether one stays that could have gone. (G3, G6) */
  #next(nowMs: number): { readonly batch: readonly Moving[]; readonly stays: boolean } {
    const batch: Moving[] = [];
    let bytes = 0;
    let stays = false;
    for (let looks = 0; looks < batchMessagesMax && batch.length < this.#batchMax; looks++) {
      this.#round ??= this.#line.values();
      const { value: item } = this.#round.next() as IteratorResult<Item, undefined>;
      if (item === undefined) {
        this.#round = undefined;
        this.#stuck.clear();
        if (looks > 0) break; // each was looked at
        continue;
      }
      const { group, bytes: size } = item.message;
      const moving = this.#prepared(item, nowMs);
      if (moving !== undefined) {
        batch.push(moving);
        item.phase = "moving";
        bytes += size;
        if (bytes >= this.#queue.host.limits.sendBytesMax) break;
        continue;
      }
      if (!this.#line.has(item.message)) continue; // expired
      stays ||= item.phase === "waiting";
      if (group !== undefined) this.#stuck.add(group);
    }
    return { batch, stays };
  }

  #prepared(item: Item, nowMs: number): Moving | undefined {
    const { message, reason, phase } = item;
    const queue = this.#queue;
    if (phase !== "waiting" || queue.wiping?.isUnderWay(message.sequence) === true) return undefined; // (G4)
    if (queue.expiry.isOver(message, nowMs)) {
      this.#expire(item, nowMs);
      return undefined;
    }
    if (message.group !== undefined && this.#stuck.has(message.group)) return undefined;
    const transfer = prepareLetter(queue, message, { reason, lease: undefined, subscription: undefined }, nowMs);
    if (transfer.kind === "none") return { item, transfer: undefined }; // (G2)
    if (transfer.kind === "prepared") return { item, transfer };
    queue.figures.deadLettersRefused += 1;
    return undefined;
  }

  #back({ item, transfer }: Moving, error: MpregError, nowMs: number): void {
    if (error.outcome === "unknown") {
      this.#line.delete(item.message); // the store is frozen: where the message is, its next opening tells
      return;
    }
    item.phase = "waiting";
    if (item.message.group !== undefined) this.#stuck.add(item.message.group);
    if (transfer === undefined) return;
    transfer.giveBack(nowMs);
    this.#queue.figures.deadLettersRefused += 1;
  }

  /** (G1) */
  #rest(nowMs: number): void {
    if (this.#closed) return;
    const waitMs = Math.min(refusedWaitMsMax, refusedWaitMsMin * 2 ** Math.min(this.#refusals, 20));
    this.#refusals += 1;
    this.#rests = true;
    this.#queue.host.timers.schedule(this, nowMs + waitMs);
  }

  #expire({ message }: Item, nowMs: number): void {
    this.#queue.note(this.#queue.undoneOf(message)); // it expires again after a restart
    this.#queue.remove(message, "expired", nowMs);
  }
}
