/**
 * Stream: the items that a running handler makes, until they have been read.
 *
 * The task whose handler makes them has completed for its owner, with a reference to the stream; from then on the stream
 * owns the task, which runs, is counted and has its deadline as before. Sending items is `serving.ts`; reading them on
 * the same node is `tap.ts`.
 *
 * (M1) A stream is read once: a second reader is refused. One that goes on over a new link takes its own place.
 * (M2) The handler is asked for an item only while the reader allows more bytes than were made: nothing is made for a
 *      reader that does not read.
 * (M3) Bytes stay until the reader says that they have come, so that it can go on where a link broke.
 * (M4) The reader hears how the stream ended after the last item, and never of an end that was none.
 * (M5) One that its reader has left alone for `idleMsMax` is ended, and let go after the same time again.
 * (M6) When it is let go its handler is ended, and its reader told.
 * (M7) What its handler has left behind when it ends is for whoever the step was answered.
 */
import { MpregError, Timer, type Timers } from "../../base/index.js";
import type { AbortReason } from "../host.js";
import type { HeldBytes } from "../held-bytes.js";
import type { Task, TaskOwner } from "../task.js";
import type { Left } from "../left.js";
import { ItemBytes } from "./item-bytes.js";
import { Leavings } from "./leavings.js";

/** How long what is kept is kept for a reader that does not fetch it. */
export const idleMsMax: number = 60_000;

/** Takes what there is of a stream, from where it is. */
export interface StreamReader {
  /** There is more, or it has ended. */
  wake(nowMs: number): void;
  /** The same reader has come again, over another link: this one is over. */
  replaced(): void;
}

export interface StreamHost extends Timers {
  readonly nodeName: string;
  readonly held: HeldBytes;
  /** Asks the handler for an item. */
  pull(task: Task): void;
  /** Nobody wants more of it. */
  drop(task: Task, reason: AbortReason): void;
}

/** How it ended: with an error, or well. */
export interface StreamEnd {
  readonly error: MpregError | undefined;
}

export class Stream implements TaskOwner {
  /** (M7) */
  readonly leavings: Leavings = new Leavings();
  readonly #task: Task;
  readonly #host: StreamHost;
  readonly #bytes = new ItemBytes();
  readonly #release: () => void;
  #reader: StreamReader | undefined;
  /** Somebody has begun to read it. (M1) */
  wasRead = false;
  #allowedBytes = 0;
  #isPulled = false;
  #isIdle = false;
  #isClosed = false;
  /** When something last happened to it. */
  #nowMs = 0;
  #end: StreamEnd | undefined;
  readonly #idle = new Timer((nowMs) => {
    this.#left(nowMs);
  });

  /** `release` lets go of it. */
  constructor(task: Task, host: StreamHost, release: () => void) {
    this.#task = task;
    this.#host = host;
    this.#release = release;
  }

  /** How it has ended, for a reader that has all bytes up to `offset`; `undefined` while more comes. (M4) */
  endAt(offset: number): StreamEnd | undefined {
    return this.#isClosed || offset === this.#bytes.end ? this.#end : undefined;
  }

  /** Lets `reader` read from byte `offset` on; answers why it may not. */
  attach(
    reader: StreamReader,
    { offset, allowedBytes, again }: { offset: number; allowedBytes: number; again?: boolean | undefined },
    nowMs: number,
  ): MpregError | undefined {
    if (this.wasRead && again !== true) return alreadyRead(this.#task.step, this.#host.nodeName); // (M1)
    if (offset < this.#bytes.start || offset > this.#bytes.end) return this.#gone(offset);
    this.#reader?.replaced();
    this.#reader = reader;
    this.wasRead = true;
    this.#allowedBytes = Math.max(this.#allowedBytes, allowedBytes);
    this.#trim(offset);
    this.#goOn(nowMs);
    return undefined;
  }

  /** The reader is gone; with a time, it may come back. */
  detach(reader: StreamReader, nowMs: number | undefined): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    if (nowMs !== undefined) this.#goOn(nowMs);
  }

  /** The reader has got `receivedBytes`, and takes up to `allowedBytes`. */
  allow(receivedBytes: number, allowedBytes: number, nowMs: number): void {
    this.#trim(receivedBytes);
    this.#allowedBytes = Math.max(this.#allowedBytes, allowedBytes);
    this.#isIdle = false; // it is being read, however slowly
    this.#host.unschedule(this.#idle);
    this.#goOn(nowMs);
  }

  /** A view of what comes from byte `from` on, if there is something. */
  read(from: number, bytesMax: number): Uint8Array {
    return this.#bytes.read(from, bytesMax);
  }

  /** The handler has made an item. */
  made(item: Uint8Array, nowMs: number): void {
    this.#isPulled = false;
    if (this.#end !== undefined) return;
    this.#host.held.bytes += this.#bytes.add(item);
    this.#reader?.wake(nowMs);
    this.#goOn(nowMs);
  }

  started(): void {
    // it was, before it became a stream
  }

  progress(): void {
    // for those who watch, the step has ended when it became a stream
  }

  left(left: Left): void {
    this.leavings.add(left); // (M7)
  }

  completed(_task: Task, _value: unknown, _timings: unknown, nowMs: number): void {
    this.#ended(undefined, nowMs);
  }

  failed(_task: Task, error: MpregError, nowMs: number): void {
    this.#ended(error, nowMs);
  }

  /** It is let go. (M6) */
  close(): void {
    const { step } = this.#task;
    this.#isClosed = true;
    this.#host.unschedule(this.#idle);
    if (this.#end === undefined) this.#host.drop(this.#task, "cancelled");
    this.leavings.ended();
    const message = `The stream of "${step}" was let go before all of it was read: nobody waits for it any more`;
    const error = new MpregError("cancelled", message, { outcome: "unknown", step, node: this.#host.nodeName });
    this.#end = { error: this.#end?.error ?? error };
    const reader = this.#reader;
    this.#reader = undefined;
    this.#trim(this.#bytes.end);
    reader?.wake(this.#nowMs);
  }

  #ended(error: MpregError | undefined, nowMs: number): void {
    this.#end = { error };
    this.leavings.ended();
    this.#reader?.wake(nowMs);
    this.#goOn(nowMs);
  }

  /** Asks for more where it is wanted (M2), and looks whether anybody reads (M5). */
  #goOn(nowMs: number): void {
    if (this.#isClosed) return; // by its reader, in this moment perhaps
    this.#nowMs = nowMs;
    const isWanted = this.#reader !== undefined && this.#allowedBytes > this.#bytes.end;
    if (isWanted && this.#end === undefined && !this.#isPulled) {
      this.#isPulled = true;
      this.#host.pull(this.#task);
    }
    const isIdle = this.#end !== undefined || (this.wasRead && !isWanted);
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    if (isIdle) this.#host.schedule(this.#idle, nowMs + idleMsMax);
    else this.#host.unschedule(this.#idle);
  }

  /** (M5) */
  #left(nowMs: number): void {
    if (this.#end !== undefined) return this.#release();
    this.#host.drop(this.#task, "cancelled");
    const { step } = this.#task;
    const message = `Nobody has read the stream of "${step}" for ${idleMsMax} ms: it was ended`;
    const node = this.#host.nodeName;
    this.#ended(new MpregError("deadline", message, { outcome: "unknown", step, node }), nowMs);
    this.#host.schedule(this.#idle, nowMs + idleMsMax);
  }

  /** (M3) */
  #trim(before: number): void {
    this.#host.held.bytes -= this.#bytes.trim(before);
  }

  #gone(offset: number): MpregError {
    const { start, end } = this.#bytes;
    const { step } = this.#task;
    const message = `The stream of "${step}" cannot go on from byte ${offset}: bytes ${start} to ${end} are here`;
    return new MpregError("result-lost", message, { outcome: "unknown", step, node: this.#host.nodeName });
  }
}

/** What a second reader is told. (M1) */
export function alreadyRead(step: string, node: string): MpregError {
  const message = `The stream of "${step}" is read by somebody else already, or was, if only by a run of the same step that is lost: a stream is read once. Collect it into an array in a step where several need it`;
  return new MpregError("invalid-argument", message, { step, node });
}
