/**
 * Outbox: the messages queued for one link, batched, within what the far side can take.
 *
 * Owns the send half of a link: the current batch, the credit the peer has given, and what is parked for want of
 * it. When the batch leaves is the caller's decision: at the end of a turn of its event loop, or when it is full.
 *
 * (O1) Counted messages leave in the order they were committed.
 * (O2) At most one counted message starts when the peer's window is used up; the rest is parked.
 * (O3) Work is queued or parked while it and all that waits already are within `queueBytesMax`; it can wait elsewhere. For
 *      answers that is `answersFactor` times as much. News of the cluster has `queueBytesMax` of its own, however much else
 *      waits: the far side reads, and would only lose the link. Always queued are a single message, cancellations (a few bytes for
 *      each message that was queued before, so that work which nobody wants is not done for want of room), and what has a window
 *      of its own, in which its far side says what it has taken.
 * (O4) Messages that keep the link or the cluster going (credit, ping, goodbye, probes, what consumers have taken) are never
 *      parked, so that two full windows cannot wait for each other.
 * (O6) Of a far side that may come back, what was sent is kept until it was admitted: the bytes that were sent, uncopied. But
 *      for batches of deliveries only, which are not told again.
 * (O5) A long turn does not keep its first messages to itself: a batch of `batchBytes` is full and may leave; of deliveries, one of
 *      `deliveriesBytes`.
 */
import type { Utf8 } from "../base/index.js";
import { Fifo } from "../structures/index.js";
import { Writer } from "../wire/index.js";

/**
 * Long enough that a system call is nothing beside its messages; short enough that the far side works on the first of
 * them while this side makes the next (docs/benchmarks/findings.md).
 */
const batchBytes = 8 * 1024;

/** Nobody's answer waits for what is delivered to subscribers and forwarded for them: there fewer, larger frames cost both sides less (docs/benchmarks/findings.md). */
const deliveriesBytes = 32 * 1024;

/** Work can be refused or held while the far side reads; what has been done already has to wait for it somewhere. */
export const answersFactor = 4;

/** What was sent in one frame or several. */
interface KeptBatch {
  readonly bytes: Uint8Array;
  /** Counted bytes sent until its end. */
  readonly endBytes: number;
}

export class Outbox {
  readonly writer: Writer;
  readonly #queueBytesMax: number;
  #windowBytes = Infinity;
  #sentBytes = 0;
  #admittedBytes = 0;
  readonly #parked = new Fifo<Uint8Array>();
  #parkedBytes = 0;
  /** News that waits: its bytes, those of them in the batch, and where each that is parked ends. (O3) */
  #newsBytes = 0;
  #batchNewsBytes = 0;
  readonly #parkedNews = new Fifo<{ readonly endBytes: number }>();

  #kept: Fifo<KeptBatch> | undefined;
  /** Whether the batch has what is to be kept, and whether the one before is kept. (O6) */
  #hasAnswers = false;
  #keepsLast = false;
  #keptBytes = 0;
  #onKept: (bytes: number) => void = () => undefined;

  readonly #onQueued: () => void;
  readonly #onFull: () => void;
  #announced = false;

  /**
   * `onQueued` is called once per batch, when its first message is there; `onFull` after each message while the batch
   * is full.
   */
  constructor(utf8: Utf8, options: { readonly queueBytesMax: number }, onQueued: () => void, onFull: () => void) {
    this.writer = new Writer(utf8);
    this.#queueBytesMax = options.queueBytesMax;
    this.#onQueued = onQueued;
    this.#onFull = onFull;
  }

  /** Bytes that wait here: in the batch and parked. */
  get queuedBytes(): number {
    return this.writer.length + this.#parkedBytes;
  }

  /** Counted bytes until the end of what was committed last, since the link opened. */
  get endBytes(): number {
    return this.#sentBytes + this.#parkedBytes;
  }

  /** How many of them the peer has said that it has admitted. */
  get admittedBytes(): number {
    return this.#admittedBytes;
  }

  /** Whether what ends at `endBytes` cannot have come while the peer has said no more than `admittedBytes`. */
  isOnItsWay(endBytes: number, admittedBytes: number): boolean {
    return endBytes >= admittedBytes + this.#windowBytes / 4; // it says so for each quarter of its window
  }

  /** True when what waits has sunk to half of the bound, and `bytes` more fit in. */
  hasRoomFor(bytes: number): boolean {
    const { queuedBytes } = this;
    if (queuedBytes * 2 > this.#queueBytesMax) return false;
    return queuedBytes === 0 || queuedBytes + bytes <= this.#queueBytesMax;
  }

  /** Whether a message that is committed now is not parked. */
  get hasCredit(): boolean {
    return this.#parkedBytes === 0 && this.#sentBytes - this.#admittedBytes < this.#windowBytes;
  }

  /** How many bytes the peer lets us have unadmitted; from its hello. */
  setWindow(windowBytes: number): void {
    this.#windowBytes = windowBytes;
  }

  /**
   * Ends the message begun on {@link writer} and queues it. Answers its size in bytes; 0 when the bound on queued
   * bytes refuses it, and the negative size when it is larger than `bytesMax`: then it is as if it had never been begun.
   */
  commit(bytesMax: number = Infinity): number {
    return this.#commit(bytesMax, this.#queueBytesMax);
  }

  /** As {@link commit}, for the answer to something that has been done: there is more room for it. (O3) */
  commitAnswer(bytesMax: number = Infinity): number {
    return this.#commit(bytesMax, this.#queueBytesMax * answersFactor);
  }

  /** As {@link commitAnswer}, for what is told once: it is not kept for another link. (O6) */
  commitDelivery(bytesMax: number = Infinity): number {
    return this.#commit(bytesMax, this.#queueBytesMax * answersFactor, false, deliveriesBytes);
  }

  #commit(bytesMax: number, queueBytesMax: number, isKept: boolean = true, fullBytes: number = batchBytes): number {
    const bytes = this.writer.end();
    if (bytes > bytesMax) {
      this.writer.abandon();
      return -bytes;
    }
    if (this.queuedBytes > queueBytesMax && this.queuedBytes > bytes) {
      this.writer.abandon(); // (O3)
      return 0;
    }
    if (isKept) this.#hasAnswers = true;
    this.#enqueue(bytes, fullBytes);
    return bytes;
  }

  /** Queues a message that is encoded already, as {@link commit} does; answers its size, or 0 when it is refused. */
  add(message: Uint8Array): number {
    return this.#add(message, this.#queueBytesMax);
  }

  /** As {@link add}, for the answer to something that has been done. (O3) */
  addAnswer(message: Uint8Array): number {
    return this.#add(message, this.#queueBytesMax * answersFactor);
  }

  /** As {@link add}, for what the far side must know of the cluster, however much else waits. (O3) */
  addNews(message: Uint8Array): number {
    const bytes = message.length;
    if (this.#newsBytes > 0 && this.#newsBytes + bytes > this.#queueBytesMax) return 0; // (O3)
    // counted before: a batch that is full may leave with it
    this.#newsBytes += bytes;
    if (this.hasCredit) this.#batchNewsBytes += bytes;
    else this.#parkedNews.push({ endBytes: this.endBytes + bytes });
    this.#put(message);
    return bytes;
  }

  #add(message: Uint8Array, queueBytesMax: number): number {
    const { queuedBytes } = this;
    if (queuedBytes > 0 && queuedBytes + message.length > queueBytesMax) return 0; // (O3)
    this.#put(message);
    return message.length;
  }

  #put(message: Uint8Array): void {
    this.#hasAnswers = true;
    if (!this.hasCredit) {
      this.#parked.push(message);
      this.#parkedBytes += message.length;
    } else {
      this.#sentBytes += message.length; // (O2)
      this.writer.raw(message);
      this.#queued();
    }
  }

  /** As {@link commit}, for what has a window of its own, whatever else waits: it is never refused for want of room. (O3) */
  commitWindowed(bytesMax: number): number {
    return this.#commit(bytesMax, Infinity, true, deliveriesBytes);
  }

  /** Ends a message that takes an earlier one back, and queues it whatever waits. (O3) */
  commitCancel(): void {
    this.#hasAnswers = true;
    this.#enqueue(this.writer.end());
  }

  /** Ends a message that keeps the link itself going. (O4) */
  commitControl(): void {
    this.writer.end();
    this.#queued();
  }

  /** Queues a message that keeps the link itself going and is encoded already. (O4) */
  control(message: Uint8Array): void {
    this.writer.raw(message);
    this.#queued();
  }

  /** Keeps what is sent from now on until it is admitted; `onKept` is told how much that is. (O6) */
  keepSent(onKept: (bytes: number) => void): void {
    this.#kept = new Fifo();
    this.#onKept = onKept;
  }

  /** Lets go of what is kept. */
  forgetSent(): void {
    if (this.#kept !== undefined) this.#kept = new Fifo();
    this.#keptBytes = 0;
  }

  /** What may not have arrived, in order: sent and not admitted, queued, parked. The link is gone. */
  takeUnadmitted(): Uint8Array[] {
    const left: Uint8Array[] = [];
    for (let batch = this.#kept?.shift(); batch !== undefined; batch = this.#kept?.shift()) left.push(batch.bytes);
    left.push(this.writer.take());
    for (let message = this.#parked.shift(); message !== undefined; message = this.#parked.shift()) left.push(message);
    this.#parkedBytes = 0;
    this.#keptBytes = 0;
    this.#onKept(0);
    return left;
  }

  /** Ends the message begun on {@link writer} and takes it, as bytes of its own: it is not sent. */
  takeWritten(): Uint8Array {
    this.writer.end();
    return this.writer.takeLast();
  }

  /** The batch, as bytes of one frame; empty when nothing is queued. */
  take(): Uint8Array {
    this.#announced = false;
    this.#newsBytes -= this.#batchNewsBytes;
    this.#batchNewsBytes = 0;
    const bytes = this.writer.take();
    this.#keepsLast = this.#kept !== undefined && this.#hasAnswers;
    this.#hasAnswers = false;
    if (this.#kept !== undefined && this.#keepsLast && bytes.length > 0) {
      this.#kept.push({ bytes, endBytes: this.#sentBytes });
      this.#keptBytes += bytes.length;
      this.#onKept(this.#keptBytes);
    }
    return bytes;
  }

  /** What was taken last is needed no more: its memory is written to again, unless it is kept. */
  reclaim(): void {
    if (!this.#keepsLast) this.writer.reclaim();
  }

  /** The peer has admitted `totalBytes` since the link opened. */
  credit(totalBytes: number): void {
    if (totalBytes <= this.#admittedBytes || totalBytes > this.#sentBytes) return;
    this.#admittedBytes = totalBytes;
    if (this.#kept !== undefined) this.#letGo(this.#kept);
    while (this.#sentBytes - this.#admittedBytes < this.#windowBytes) {
      const message = this.#parked.shift();
      if (message === undefined) return;
      this.#parkedBytes -= message.length;
      this.#sentBytes += message.length;
      if (this.#parkedNews.first?.endBytes === this.#sentBytes) {
        this.#parkedNews.shift();
        this.#batchNewsBytes += message.length;
      }
      this.#hasAnswers = true;
      this.writer.raw(message); // (O1)
      this.#queued();
    }
  }

  /** (O6) */
  #letGo(kept: Fifo<KeptBatch>): void {
    while (kept.first !== undefined && kept.first.endBytes <= this.#admittedBytes) {
      this.#keptBytes -= kept.first.bytes.length;
      kept.shift();
    }
    this.#onKept(this.#keptBytes);
  }

  /** Queues the message of `bytes` that was ended last. */
  #enqueue(bytes: number, fullBytes: number = batchBytes): void {
    if (this.hasCredit) {
      this.#sentBytes += bytes; // (O2)
      this.#queued(fullBytes);
    } else {
      this.#parked.push(this.writer.takeLast());
      this.#parkedBytes += bytes;
    }
  }

  #queued(fullBytes: number = batchBytes): void {
    if (!this.#announced) {
      this.#announced = true;
      this.#onQueued();
    }
    if (this.writer.length >= fullBytes) this.#onFull(); // (O5)
  }
}
