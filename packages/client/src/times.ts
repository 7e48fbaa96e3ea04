/**
 * Times: until when the end of each ask is waited for, whatever is heard of the node.
 *
 * (T1) What names a time has that, from when it was asked. The node, which knows more, has a moment longer to say that it is
 *      over.
 * (T2) What names none waits for a connection for `patienceMs`, and for its turn at a node that is there as long as it takes.
 * (T3) Once it was sent it has the time that its node gives such calls, and said in its hello; each time anew.
 * (T4) That time counts from when the node can have got it, and does not run while values of its answer come: what is large,
 *      or waits behind what is large, takes as long as its way.
 */
import { Deadlines } from "@mpreg/core/base";
import type { Connection } from "./connection.js";
import { type Pending, graceMs } from "./pending.js";

/** How long an ask without a time limit waits for a connection: as long as a node would give it. (T2) */
export const patienceMs = 30_000;

export interface TimesHost {
  now(): number;
  /** Something is due at `dueMs`. */
  ring(dueMs: number): void;
  /** Bytes that have come of the answer to that ask. */
  receivedBytes(id: number): number;
}

export class Times {
  readonly #host: TimesHost;
  readonly #deadlines = new Deadlines<Pending>();

  constructor(host: TimesHost) {
    this.#host = host;
  }

  /** When {@link takeDue} is wanted. */
  get nextDueMs(): number {
    return this.#deadlines.nextDueMs;
  }

  /** It is waited for from now on. */
  asked(pending: Pending): void {
    if (pending.waitMs > 0) this.#set(pending, pending.waitMs); // (T1)
  }

  /** There is nobody to send it to for the moment. */
  unreached(pending: Pending): void {
    if (pending.waitMs > 0) return;
    pending.givenMs = 0;
    this.#set(pending, patienceMs); // (T2)
  }

  /** There is a node that it will be sent to. */
  reached(pending: Pending): void {
    if (pending.waitMs === 0) this.#deadlines.remove(pending); // (T2)
  }

  /** It was committed last of all that is sent over `connection`. */
  sent(pending: Pending, { outbox, callTimeoutMs }: Connection): void {
    if (pending.waitMs > 0) return;
    if (!pending.isTimed || callTimeoutMs === 0) return this.#deadlines.remove(pending);
    pending.endBytes = outbox.endBytes;
    pending.movedBytes = outbox.admittedBytes;
    pending.givenMs = callTimeoutMs + graceMs;
    this.#set(pending, pending.givenMs); // (T3)
  }

  /** Its answer has come, and values of it are fetched. */
  answered(pending: Pending): void {
    pending.movedBytes = 0;
    if (pending.givenMs > 0) this.#set(pending, pending.givenMs); // (T4)
  }

  ended(pending: Pending): void {
    this.#deadlines.remove(pending);
  }

  /** Something whose time is over at `nowMs`. */
  takeDue(nowMs: number): Pending | undefined {
    for (;;) {
      const due = this.#deadlines.takeDue(nowMs);
      if (due === undefined || due.givenMs === 0 || !this.#hasMoved(due)) return due;
      this.#set(due, due.givenMs); // (T4)
    }
  }

  /** When a stream of its answer, which has just come, is over; `undefined`: nobody knows. */
  untilMs({ waitMs, givenMs, dueMs }: Pending): number | undefined {
    if (waitMs > 0) return dueMs;
    return givenMs > 0 ? this.#host.now() + givenMs : undefined; // the node began to count before
  }

  /** Whether what was on its way since its time was set last has moved. (T4) */
  #hasMoved(pending: Pending): boolean {
    const { connection, endBytes, movedBytes } = pending;
    const nowBytes = connection?.outbox.admittedBytes ?? this.#host.receivedBytes(pending.id);
    pending.movedBytes = nowBytes;
    return nowBytes > movedBytes && connection?.outbox.isOnItsWay(endBytes, movedBytes) !== false;
  }

  #set(pending: Pending, ms: number): void {
    const dueMs = this.#host.now() + ms;
    this.#deadlines.set(pending, dueMs);
    this.#host.ring(dueMs);
  }
}
