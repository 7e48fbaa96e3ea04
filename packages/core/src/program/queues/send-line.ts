/**
 * Send line: messages of a program on their way to a queue.
 *
 * (L1) In the order in which they were sent: one batch is on its way, and what is sent meanwhile is the next.
 * (L2) What waits travels together, up to `batchMessages` and `batchBytes`.
 * (L3) Who gives up before his message has left is told that nothing was done; after that, that nobody knows.
 * (L4) At most `waitingMax` messages and `waitingBytesMax` bytes wait (`overloaded`).
 * (L5) A message whose schema takes its time keeps its place: what was sent after it waits behind it.
 */
import { MpregError, isPromise } from "../../base/index.js";
import type { OutgoingMessage } from "../../queues/index.js";
import { Fifo, onAbort } from "../../structures/index.js";
import { type ByteMemory, createSlab } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import { cancelled } from "../options.js";
import type { Sent } from "./api.js";
import { type PlainSendEnd, type QueueAsking, errorOf } from "./asking.js";
import type { Sending } from "./sending.js";

/** (L2) A queue takes more. Headers count: they are as large as their programs make them. */
const batchMessages = 512;
const batchBytes = 1_048_576;

/** (L4) */
const waitingMax = 100_000;
const waitingBytesMax = 64 * 1_048_576;

interface Waiting {
  /** `undefined` while its schema has not answered. (L5) */
  message: OutgoingMessage | undefined;
  bytes: number;
  /** Whether it may be kept where its queue is not. */
  readonly mayWait: boolean;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: unknown) => void;
  isGivenUp: boolean;
  hasLeft: boolean;
  /** Nobody need wait for its time or its signal any more. */
  forget: () => void;
}

const noop = (): void => undefined;

/** Of bodies that wait. */
const firstChunkBytes = 1_024;

export function sentOf({ id, sequence, duplicate, spooled }: Extract<PlainSendEnd, { readonly kind: "done" }>): Sent {
  return spooled === true ? { id, sequence, duplicate, spooled } : { id, sequence, duplicate };
}

/** Of what may be large, texts by their length. (L2, L4) */
function bytesOf({ body, headers }: OutgoingMessage): number {
  let bytes = body.length;
  for (const name in headers) bytes += name.length + (headers[name] as string).length;
  return bytes;
}

export class SendLine {
  readonly #asking: QueueAsking;
  readonly #sending: Sending;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  #isAtWork = false;
  #slab: ByteMemory | undefined;
  /** For bodies that are about to be sent. They leave in their order, so that a chunk of it goes with the last of those in it; a line that is idle holds none. */
  readonly memory: ByteMemory = (length) =>
    (this.#slab ??= createSlab((bytes) => new Uint8Array(bytes), firstChunkBytes))(length);

  constructor(asking: QueueAsking, sending: Sending) {
    this.#asking = asking;
    this.#sending = sending;
  }

  send(
    message: OutgoingMessage | Promise<OutgoingMessage>,
    { signal, timeoutMs = 0 }: WaitOptions,
    mayWait: boolean,
  ): Promise<Sent> {
    if (isPromise(message)) message.catch(noop); // who has given up hears only that
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) throw cancelled(signal, "not-applied");
      if (this.#waiting.size >= waitingMax || this.#waitingBytes >= waitingBytesMax) throw this.#full();
      const known = isPromise(message) ? undefined : message;
      const entry: Waiting = {
        message: known,
        bytes: known === undefined ? 0 : bytesOf(known),
        mayWait,
        resolve,
        reject,
        isGivenUp: false,
        hasLeft: false,
        forget: noop,
      };
      this.#waiting.push(entry);
      this.#waitingBytes += entry.bytes;
      if (signal !== undefined || timeoutMs > 0) this.#limit(entry, signal, timeoutMs);
      if (isPromise(message)) this.#await(entry, message);
      this.#begin();
    });
  }

  /** (L3) */
  #limit(entry: Waiting, signal: WaitOptions["signal"], timeoutMs: number): void {
    const { clock } = this.#asking.host;
    const stops: (() => void)[] = [];
    const giveUp = (why: (outcome: "not-applied" | "unknown") => MpregError): void => {
      entry.isGivenUp = true;
      entry.forget();
      entry.reject(why(entry.hasLeft ? "unknown" : "not-applied"));
      if (entry.message === undefined) this.#begin(); // nobody waits behind it any more
    };
    if (signal !== undefined) {
      stops.push(
        onAbort(signal, () => {
          giveUp((outcome) => cancelled(signal, outcome));
        }),
      );
    }
    if (timeoutMs > 0) {
      const timer = clock.setTimer(() => {
        const late = `The time allowed (${timeoutMs} ms) ran out before queue "${this.#asking.name}" had the message`;
        giveUp((outcome) => new MpregError("deadline", late, { outcome }));
      }, timeoutMs);
      stops.push(() => {
        clock.clearTimer(timer);
      });
    }
    entry.forget = () => {
      for (const stop of stops.splice(0)) stop();
    };
  }

  #begin(): void {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    this.#asking.host.clock.endOfTurn(() => {
      this.#work();
    });
  }

  /** (L5) */
  #await(entry: Waiting, message: Promise<OutgoingMessage>): void {
    message.then(
      (known) => {
        if (entry.isGivenUp) return;
        entry.message = known;
        entry.bytes = bytesOf(known);
        this.#waitingBytes += entry.bytes;
        this.#begin();
      },
      (error: unknown) => {
        if (entry.isGivenUp) return;
        entry.isGivenUp = true;
        entry.forget();
        entry.reject(error);
        this.#begin();
      },
    );
  }

  /** Sends what waits, batch after batch. (L1) */
  #work(): void {
    const batch = this.#next();
    this.#isAtWork = batch.length > 0;
    if (batch.length === 0) {
      if (this.#waiting.size === 0) this.#slab = undefined;
      return;
    }
    const messages = batch.map(({ message }) => message as OutgoingMessage); // (L5)
    const over = (told: (waiting: Waiting, index: number) => void): void => {
      for (const [index, waiting] of batch.entries()) {
        waiting.forget();
        told(waiting, index);
      }
      this.#work();
    };
    this.#sending.send(messages, batch[0]?.mayWait === true, {}).then(
      (ends) => {
        over(({ resolve, reject }, index) => {
          const end = ends[index] as PlainSendEnd;
          if (end.kind === "refused") reject(errorOf(end.error));
          else resolve(sentOf(end));
        });
      },
      (error: unknown) => {
        over(({ reject }) => {
          reject(error);
        });
      },
    );
  }

  /** (L2) */
  #next(): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      if (first.message === undefined && !first.isGivenUp) break; // (L5)
      if (batch.length > 0 && (batch.length === batchMessages || bytes + first.bytes > batchBytes)) break;
      if (batch[0] !== undefined && batch[0].mayWait !== first.mayWait) break;
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes;
      if (first.isGivenUp) continue;
      first.hasLeft = true;
      bytes += first.bytes;
      batch.push(first);
    }
    return batch;
  }

  #full(): MpregError {
    const what = `${this.#waiting.size} messages (${this.#waitingBytes} bytes) wait to be sent to queue "${this.#asking.name}"`;
    return new MpregError("overloaded", `${what}, as many as may: await what send answers`);
  }
}
