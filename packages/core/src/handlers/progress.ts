/**
 * Progress: what handlers report while they run, on its way to the machine.
 *
 * Owns how it is encoded, and how much of it may wait. Whether anybody wants it is known to the call (`call-context.ts`).
 *
 * (P1) A handler never fails for what it reports: what cannot be told is told as a refusal.
 * (P2) At most {@link reportsWaitingMax} reports wait to be taken; of a handler that reports faster some are dropped, and
 *      their number is told with the next one, before its end at the latest.
 */
import { MpregError, isA, thrownText } from "../base/index.js";
import type { Invocation, Progress } from "../rpc/index.js";
import { eventBytesMax } from "../rpc/index.js";
import type { Codec } from "../values/index.js";

export const reportsWaitingMax = 1_000;

/** `value` as it travels. (P1) */
export function progressOf(value: unknown, codec: Codec): Progress {
  try {
    const bytes = codec.encode(value, "progress");
    if (bytes.length <= eventBytesMax) return { missed: 0, value: bytes, refusal: undefined };
    return refused(`it takes ${bytes.length} bytes; at most ${eventBytesMax} are told`);
  } catch (error) {
    return refused(isA(error, MpregError) ? error.message : thrownText(error));
  }
}

function refused(refusal: string): Progress {
  return { missed: 0, value: undefined, refusal };
}

export class ProgressReports {
  readonly #waiting: () => number;
  readonly #pass: (invocation: Invocation, progress: Progress) => void;
  readonly #missed = new WeakMap<Invocation, number>();
  #hasMissed = false;

  /** `waiting`: how many of those that were given to `pass` have not been taken. */
  constructor(waiting: () => number, pass: (invocation: Invocation, progress: Progress) => void) {
    this.#waiting = waiting;
    this.#pass = pass;
  }

  report(invocation: Invocation, { missed, value, refusal }: Progress): void {
    const missedBefore = this.#takeMissed(invocation) + missed;
    if (this.#waiting() < reportsWaitingMax) return this.#pass(invocation, { missed: missedBefore, value, refusal });
    this.#missed.set(invocation, missedBefore + 1); // (P2)
    this.#hasMissed = true;
  }

  /** The handler has ended: call it before that is told. */
  ended(invocation: Invocation): void {
    const missed = this.#takeMissed(invocation);
    if (missed > 0) this.#pass(invocation, { missed, value: undefined, refusal: undefined }); // (P2)
  }

  #takeMissed(invocation: Invocation): number {
    if (!this.#hasMissed) return 0; // the usual case costs nothing
    const missed = this.#missed.get(invocation) ?? 0;
    if (missed > 0) this.#missed.delete(invocation);
    return missed;
  }
}
