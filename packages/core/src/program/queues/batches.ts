/**
 * Batches: several messages that are sent at once, each with an end of its own.
 *
 * (B1) What the schema or the codec refuses is not sent; the others are.
 * (B2) A batch whose schema takes its time is sent before those that were given after it.
 */
import { MpregError, isA, isPromise } from "../../base/index.js";
import type { OutgoingMessage } from "../../queues/index.js";
import type { WaitOptions } from "../api.js";
import { cancelled } from "../options.js";
import { within } from "../within.js";
import type { SentOrRefused } from "./api.js";
import { type PlainSendEnd, type QueueAsking, errorOf } from "./asking.js";
import { sentOf } from "./send-line.js";
import type { Sending } from "./sending.js";

/** A message that can be sent, or why it cannot. (B1) */
export type Prepared = OutgoingMessage | MpregError;

type Ends = readonly SentOrRefused[];

/** What `prepare` makes, or what it refuses. (B1) */
export function prepared(prepare: () => OutgoingMessage | Promise<OutgoingMessage>): Prepared | Promise<Prepared> {
  try {
    const message = prepare();
    return isPromise(message) ? message.catch(refused) : message;
  } catch (error) {
    return refused(error);
  }
}

export class Batches {
  readonly #asking: QueueAsking;
  readonly #sending: Sending;
  /** Is fulfilled when the last of those whose schemas take their time was sent, or never will be. (B2) */
  #last: Promise<unknown> | undefined;

  constructor(asking: QueueAsking, sending: Sending) {
    this.#asking = asking;
    this.#sending = sending;
  }

  send(messages: readonly (Prepared | Promise<Prepared>)[], mayWait: boolean, wait: WaitOptions): Promise<Ends> {
    if (this.#last === undefined && !messages.some(isPromise)) {
      return this.#send(messages as readonly Prepared[], mayWait, wait);
    }
    const { signal, timeoutMs = 0 } = wait;
    if (signal?.aborted === true) return Promise.reject(cancelled(signal, "not-applied"));
    const { clock } = this.#asking.host;
    const untilMs = clock.now() + timeoutMs;
    const late = `The time allowed (${timeoutMs} ms) ran out before the schema of queue "${this.#asking.name}" had answered`;
    const before = this.#last;
    const ready = Promise.all(messages.map((one) => Promise.resolve(one))).then((all) =>
      before === undefined ? all : before.then(() => all),
    );
    const sent = within(clock, ready, { timeoutMs, signal, late }).then(
      (all) => {
        const leftMs = timeoutMs === 0 ? undefined : Math.max(1, untilMs - clock.now());
        return { ends: this.#send(all, mayWait, { signal, timeoutMs: leftMs }) };
      },
      (error: unknown) => {
        throw isA(error, MpregError) ? error.withOutcome("not-applied") : error; // nothing has left
      },
    );
    const handed = sent
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#last === handed) this.#last = undefined;
      });
    this.#last = handed;
    return sent.then(({ ends }) => ends);
  }

  #send(all: readonly Prepared[], mayWait: boolean, wait: WaitOptions): Promise<Ends> {
    const messages = all.filter((one): one is OutgoingMessage => !isA(one, MpregError));
    if (messages.length === 0 && all.length > 0)
      return Promise.resolve(all.map((one) => ({ error: one as MpregError })));
    return this.#sending.send(messages, mayWait, wait).then((ends) => {
      const left = ends.values();
      return all.map((one) =>
        isA(one, MpregError) ? { error: one } : sentOrRefused(left.next().value as PlainSendEnd),
      );
    });
  }
}

function refused(error: unknown): MpregError {
  if (isA(error, MpregError)) return error;
  throw error;
}

function sentOrRefused(end: PlainSendEnd): SentOrRefused {
  if (end.kind === "refused") return { error: errorOf(end.error) };
  return { sent: sentOf(end) };
}
