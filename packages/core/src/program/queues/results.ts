/**
 * Results: waiting for what becomes of a message.
 *
 * (R1) Who waits asks again, whatever becomes of links and of the owner, until there is an answer or the time is over.
 * (R2) A message that is withdrawn was given to nobody: `not-applied`. Otherwise what becomes of it nobody knows (`unknown`).
 * (R3) What is not known any more is `result-lost`, and never taken for done.
 * (R4) It is over with the time allowed, whether or not the queue answers; taking the message back takes {@link withdrawMs} more at most.
 */
import { MpregError, isA, quoted } from "../../base/index.js";
import type { ResultEnd } from "../../queues/index.js";
import type { CancelSignal } from "../../rpc/index.js";
import { onAbort } from "../../structures/index.js";
import type { WaitOptions } from "../api.js";
import type { ClockTimer } from "../clock.js";
import { cancelled } from "../options.js";
import type { Sent } from "./api.js";
import type { QueueAsking } from "./asking.js";
import { mayPass } from "./passing.js";

/** For how long the queue waits, before it is asked again. */
const waitMs = 20_000;
/** How much longer the answer may take. */
const slackMs = 10_000;
/** How long it may take to withdraw a message: the time allowed is over. */
const withdrawMs = 2_000;
const retryMsMin = 100;
const retryMsMax = 5_000;

interface Patience {
  readonly signal: CancelSignal | undefined;
  readonly timeoutMs: number | undefined;
}

export function sendAndWait(
  asking: QueueAsking,
  send: (patience: WaitOptions) => Promise<Sent>,
  { signal, timeoutMs, withdraw }: Patience & { readonly withdraw: boolean },
): Promise<unknown> {
  const { clock } = asking.host;
  const untilMs = untilOf(asking, timeoutMs);
  return send({ signal, timeoutMs }).then(({ id }) =>
    wait(asking, id, { signal, untilMs }).catch((error: unknown) => {
      if (!withdraw || !isA(error, MpregError) || !(clock.now() >= untilMs || signal?.aborted === true)) throw error;
      return asking.ask<"withdraw">({ op: "withdraw", id }, { timeoutMs: withdrawMs }).then(
        (isGone) => {
          if (!isGone) throw error;
          const message = `The time allowed ran out before message ${quoted(id)} of queue ${quoted(asking.name)} was done, and nobody has it any more: it was withdrawn`;
          throw new MpregError(error.code, message, { outcome: "not-applied", cause: error.cause }); // (R2)
        },
        () => {
          throw error; // it may be there still
        },
      );
    }),
  );
}

export function resultOf(asking: QueueAsking, id: string, { signal, timeoutMs }: WaitOptions): Promise<unknown> {
  return wait(asking, id, { signal, untilMs: untilOf(asking, timeoutMs) });
}

function untilOf({ host }: QueueAsking, timeoutMs: number = 0): number {
  return timeoutMs === 0 ? Infinity : host.clock.now() + timeoutMs;
}

function wait(asking: QueueAsking, id: string, patience: Until): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new ResultWait(asking, id, patience, resolve, reject).begin();
  });
}

interface Until {
  readonly signal: CancelSignal | undefined;
  /** `Infinity`: as long as it takes. */
  readonly untilMs: number;
}

/** (R1) */
class ResultWait {
  readonly #asking: QueueAsking;
  readonly #id: string;
  readonly #signal: CancelSignal | undefined;
  readonly #untilMs: number;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #leave: () => void = () => undefined;
  #timer: ClockTimer | undefined;
  #retryMs = retryMsMin;
  #isOver = false;

  constructor(
    asking: QueueAsking,
    id: string,
    { signal, untilMs }: Until,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#asking = asking;
    this.#id = id;
    this.#signal = signal;
    this.#untilMs = untilMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const signal = this.#signal;
    if (signal?.aborted === true) return this.#fail(cancelled(signal, "unknown"));
    if (signal !== undefined) {
      this.#leave = onAbort(signal, () => {
        this.#fail(cancelled(signal, "unknown"));
      });
    }
    this.#ask();
  }

  get #what(): string {
    return `message ${quoted(this.#id)} of queue ${quoted(this.#asking.name)}`;
  }

  #ask(): void {
    this.#timer = undefined;
    const nowMs = this.#asking.host.clock.now();
    const leftMs = this.#untilMs - nowMs;
    if (leftMs <= 0) {
      const late = `The time allowed ran out before ${this.#what} was done; it stays there, or is being worked on`;
      return this.#fail(new MpregError("deadline", late, { outcome: "unknown" }));
    }
    const askedMs = Math.ceil(Math.min(waitMs, leftMs));
    const wish = { op: "result", id: this.#id, waitMs: askedMs } as const;
    const timeoutMs = Math.ceil(Math.min(askedMs + slackMs, leftMs)); // (R4)
    this.#asking.ask<"result">(wish, { timeoutMs, signal: this.#signal }).then(
      (end) => {
        if (!this.#isOver) this.#heard(end, nowMs + askedMs);
      },
      (error: unknown) => {
        if (this.#isOver) return;
        if (!mayPass(error)) return this.#fail(error);
        this.#again(this.#retryMs);
        this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
      },
    );
  }

  /** `waitedMs`: when the queue has waited as long as it was asked to. */
  #heard(end: ResultEnd, waitedMs: number): void {
    this.#retryMs = retryMsMin;
    switch (end.kind) {
      case "waiting":
        // it has not waited: its node drains, and will be another one
        if (this.#asking.host.clock.now() < waitedMs - retryMsMin) return this.#again(retryMsMin);
        return this.#ask();
      case "done":
        return this.#succeed(end.value);
      case "failed":
        return this.#fail(
          new MpregError(end.code, `${this.#what} was not done: ${end.error}`.replace("m", "M"), {
            outcome: end.outcome,
          }),
        );
      case "unknown": {
        const message = `The queue knows nothing of ${this.#what}: it was done or lost long ago, or sent without keepResult`;
        return this.#fail(new MpregError("result-lost", message, { outcome: "unknown" })); // (R3)
      }
    }
  }

  #again(inMs: number): void {
    const { clock } = this.#asking.host;
    const leftMs = Math.max(0, this.#untilMs - clock.now());
    this.#timer = clock.setTimer(
      () => {
        this.#ask();
      },
      Math.min(inMs, leftMs),
    );
  }

  #succeed(value: Uint8Array | undefined): void {
    try {
      const decoded = value === undefined ? undefined : this.#asking.host.codec.decode(value);
      this.#end();
      this.#resolve(decoded);
    } catch (error) {
      this.#fail(error); // whoever acknowledged it has given bytes that are no value
    }
  }

  #fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#leave();
    if (this.#timer !== undefined) this.#asking.host.clock.clearTimer(this.#timer);
  }
}
