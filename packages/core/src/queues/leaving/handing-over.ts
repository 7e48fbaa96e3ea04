/**
 * Handing over: a queue that gives all that it has to an older one of its name, on another node, and is gone then.
 *
 * Owns when that goes on. The way of each message is a redrive's (`redriving.ts`), through the spool; that there is an older one, others know.
 *
 * (O1) It takes no message any more.
 * (O2) A message is in the spool and gone from here by one batch. What is leased goes when its lease has ended without an acknowledgement.
 * (O3) It is deleted once it has nothing, what is on its way to the disk included.
 * (O4) That it hands over is on the disk before the first message is in the spool, and goes on after a restart: messages that the other one
 *      may have taken never come into this one again.
 * (O5) Where the other one has not been known for ten minutes, it goes on as before.
 */
import { type DueItem, MpregError, type Timers, quoted } from "../../base/index.js";
import type { OlderOwner } from "../store/record.js";

/** What it needs of its queue. */
export interface HandingOverQueue {
  readonly name: string;
  readonly room: { readonly messages: number };
  readonly redriving: { handOver(nowMs: number): void };
}

export interface HandingOverHost {
  readonly timers: Timers;
  /** Whether another node has the queue, or is remembered to have it. */
  isElsewhere(): boolean;
  /** Writes down that it hands over; `done` once that is on the disk, or refused. (O4) */
  mark(done: (isMarked: boolean, nowMs: number) => void, nowMs: number): void;
  /** Deletes the queue; `failed` where the disk did not take that. */
  remove(failed: () => void, nowMs: number): void;
  /** (O5) */
  keep(nowMs: number): void;
}

/** How often is looked at what is left, in ms: leases end, and what was refused is tried again. */
const againMs = 200;
/** (O5) */
const unknownMsMax = 600_000;

export class HandingOver implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: HandingOverQueue;
  readonly #host: HandingOverHost;
  readonly #to: OlderOwner;
  #isMarked: boolean;
  /** When the other one was known last. */
  #knownMs: number;
  #isClosed = false;

  constructor(
    queue: HandingOverQueue,
    is: { readonly to: OlderOwner; readonly isMarked: boolean },
    host: HandingOverHost,
    nowMs: number,
  ) {
    this.#queue = queue;
    this.#to = is.to;
    this.#isMarked = is.isMarked;
    this.#host = host;
    this.#knownMs = nowMs;
    host.timers.schedule(this, nowMs);
  }

  /** (O1) */
  refusal(): MpregError {
    const { name } = this.#queue;
    const message = `Queue ${quoted(name)} is that of node ${quoted(this.#to.name)}, which had it before: send to that one. This one was made while the two were parted, and hands over what it has`;
    return new MpregError("unknown-queue", message);
  }

  onDue(nowMs: number): void {
    const isElsewhere = this.#host.isElsewhere();
    if (isElsewhere) this.#knownMs = nowMs;
    if (!this.#isMarked) {
      this.#host.mark((isMarked, at) => {
        this.#isMarked = isMarked; // (O4)
        this.#again(isMarked ? at : at + againMs);
      }, nowMs);
    } else if (this.#queue.room.messages === 0) {
      this.#host.remove(() => {
        this.#again(nowMs + againMs);
      }, nowMs); // (O3)
    } else if (nowMs - this.#knownMs > unknownMsMax) {
      this.#host.keep(nowMs); // (O5)
    } else {
      if (isElsewhere) this.#queue.redriving.handOver(nowMs); // (O2)
      this.#again(nowMs + againMs);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#host.timers.unschedule(this);
  }

  #again(atMs: number): void {
    if (!this.#isClosed) this.#host.timers.schedule(this, atMs);
  }
}
