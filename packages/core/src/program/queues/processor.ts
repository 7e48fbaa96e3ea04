/**
 * Processor: works off a queue with a handler.
 *
 * (P1) At most `concurrency` handlers run, and at most `prefetch` messages are leased besides.
 * (P2) A message is acknowledged after its handler has ended well, and released when it threw, with what it threw. Where its result is not what the contract says it
 *      was done all the same: who waits for it is told so, and `onError`.
 * (P3) Leases are extended when half of their time is over, as long as their messages are here. A handler whose lease is lost is told so; one
 *      that has not begun does not.
 * (P4) What was leased and not begun is released when it ends.
 * (P5) A failure to receive that may pass is tried again, after a wait that doubles; any other ends it.
 * (P6) It asks for more when a turn has ended and there is room for half of what it leases ahead: what is received and what is acknowledged travels
 *      in batches, however short handlers are.
 * (P7) Nothing fails in silence: `onError` and `status` are told of handlers, of messages that cannot be read, acknowledged or released, and of a queue that cannot
 *      be received from: when that begins, and when it ends the processor.
 * (P8) A receive whose answer was lost is asked again as the same attempt: what it has leased comes with that, and is not leased to nobody.
 * (P9) Once the program is about to end its connection, what it has goes back: what was not begun uncounted, what handlers work on with that as the error.
 * (P10) A queue that no node has is waited for, or ends it, as `absent` says; one that was deleted while it was worked off ends it. Either is told with the nodes that were asked.
 */
import { MpregError, isA, isPromise, thrownText } from "../../base/index.js";
import { type ReceivedMessage, defaultQueuesLimits } from "../../queues/index.js";
import { type CancelSignal, checkListeners } from "../../rpc/index.js";
import { Broadcast, Fifo, type Missed, onAbort } from "../../structures/index.js";
import type { AbortSource } from "../abort-source.js";
import type { WaitOptions } from "../api.js";
import type { ClockTimer } from "../clock.js";
import { waitMsOf } from "../options.js";
import { within } from "../within.js";
import type { ProcessContext, ProcessOptions, ProcessorEvent, QueueMessage, QueueProcessor } from "./api.js";
import type { QueueAsking } from "./asking.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { type Holder, Leased } from "./leased.js";
import { untold } from "./settle-line.js";
import { type Settlers, givingBack, queueMessage, releasing } from "./message.js";
import { absent as absentReason, away, mayPass } from "./passing.js";
import { receiveOnce } from "./receiving.js";
import { findQueue } from "./whereabouts.js";

export type ProcessHandler<T, A> = (message: QueueMessage<T, A>, context: ProcessContext) => A | PromiseLike<A>;

/** For how long the queue waits for a message, before it is asked again. */
const waitMs = 20_000;
/** How much longer the answer may take. */
const slackMs = 10_000;
const retryMsMin = 100;
const retryMsMax = 5_000;
const eventsMax = 1_000;
/** How often the nodes are asked for a queue that none of them has. */
const lookEveryMs = 60_000;

type Told<T, A> = Exclude<ProcessorEvent<T, A>, Missed>;

export class Processor<T, A> implements QueueProcessor<T, A> {
  readonly closed: Promise<void>;
  readonly #asking: QueueAsking;
  readonly #settlers: Settlers;
  readonly #handler: ProcessHandler<T, A>;
  readonly #options: ProcessOptions<T, A>;
  readonly #concurrency: number;
  readonly #prefetch: number;
  /** Leased and not begun. */
  readonly #ready = new Fifo<Leased<T, A>>();
  readonly #running = new Set<Leased<T, A>>();
  readonly #keeper: LeaseKeeper<T, A>;
  readonly #holder: Holder<T, A>;
  /** Aborts the receive that waits. */
  readonly #stop: AbortSource;
  /** Pausing: it receives again in a while. */
  #phase: "idle" | "receiving" | "pausing" = "idle";
  /** It looks at the end of the turn whether to receive. (P6) */
  #isToReceive = false;
  #isStopping = false;
  #failure: unknown;
  /** It could not receive, and tries again. */
  #isInterrupted = false;
  /** When nodes may be asked again for the queue, which could not be received from. (P10) */
  #nextLookMs = 0;
  /** Until it receives again. */
  #pause: ClockTimer | undefined;
  /** There once somebody follows it. */
  #events: Broadcast<Told<T, A>> | undefined;
  #isOver = false;
  #retryMs = retryMsMin;
  /** It was received from: where no node has it any more, it may have been deleted. (P10) */
  #wasThere = false;
  /** What was given back, and the queue has not heard of; and the last of it. */
  #goingBack = 0;
  #returned: Promise<unknown> = Promise.resolve();
  /** The receive that is on its way, until what it has brought is taken. */
  #received: Promise<unknown> = Promise.resolve();
  /** What the receive is called that has not been answered: it is asked again by that. (P8) */
  #attempt: string | undefined;
  #over: () => void = () => undefined;

  constructor(asking: QueueAsking, settlers: Settlers, handler: ProcessHandler<T, A>, options: ProcessOptions<T, A>) {
    this.#asking = asking;
    this.#settlers = settlers;
    this.#handler = handler;
    this.#options = options;
    this.#concurrency = options.concurrency ?? 1;
    this.#prefetch = options.prefetch ?? this.#concurrency;
    this.#stop = asking.host.createAbort();
    this.#keeper = new LeaseKeeper(asking.host.clock, (leased, error) => {
      this.#events?.publish({ kind: "lease-lost", message: leased.message, error });
      leased.abort(error);
    }); // (P3)
    this.#holder = {
      done: (leased) => {
        this.#done(leased);
      },
      threw: (leased, error) => {
        this.#threw(leased, error);
      },
    };
    this.closed = new Promise<void>((resolve) => {
      this.#over = resolve;
    }).then(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what `onError` has thrown is told as it is
      if (this.#failure !== undefined) throw this.#failure;
    });
    this.closed.catch(() => undefined); // who wants to know looks at it
    const { signal } = options;
    const leaveHolders = asking.host.holders.add({ leave: () => this.#leave(), drain: () => this.drain() });
    void this.closed.then(leaveHolders, leaveHolders);
    if (signal?.aborted === true) this.#end();
    else {
      if (signal !== undefined) {
        const leave = onAbort(signal, () => {
          void this.close();
        });
        void this.closed.then(leave, leave);
      }
      this.#receive();
    }
  }

  get running(): number {
    return this.#running.size;
  }

  status(options: { readonly signal?: CancelSignal | undefined } = {}): AsyncIterableIterator<ProcessorEvent<T, A>> {
    checkListeners(options, "status");
    this.#events ??= new Broadcast(eventsMax);
    if (!this.#isOver) return this.#events.read(options.signal);
    this.#events.end();
    return this.#events.read(options.signal, [{ kind: "ended", error: this.#failure }]);
  }

  drain(options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      const timeoutMs = waitMsOf(options, "drain");
      this.#end();
      const late = `The time allowed (${timeoutMs} ms) ran out while ${this.#running.size} messages were worked on`;
      resolve(within(this.#asking.host.clock, this.closed, { signal: options.signal, timeoutMs, late }));
    });
  }

  close(): Promise<void> {
    this.#end();
    const reason = new MpregError("cancelled", `The processor of queue "${this.#asking.name}" was closed`);
    for (const leased of this.#running) leased.abort(reason);
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  /** (P6) */
  #receiveSoon(): void {
    if (this.#isToReceive || this.#phase !== "idle" || this.#isStopping) return;
    this.#isToReceive = true;
    this.#asking.host.clock.endOfTurn(() => {
      this.#isToReceive = false;
      this.#receive();
    });
  }

  /** Receives as much as there is room for. (P1) */
  #receive(): void {
    const max = this.#concurrency + this.#prefetch - this.#running.size - this.#ready.size;
    if (this.#phase !== "idle" || this.#isStopping || max < Math.max(1, this.#prefetch / 2)) return;
    this.#phase = "receiving";
    const { visibilityMs, subscription } = this.#options;
    this.#attempt ??= this.#asking.host.newId();
    const operation = {
      op: "receive" as const,
      attempt: this.#attempt,
      max: Math.min(max, defaultQueuesLimits.receiveMessagesMax),
      waitMs,
      groupMax: 1, // handlers run beside each other, those of a group one after the other
      ...(visibilityMs === undefined ? {} : { visibilityMs }),
      ...(subscription === undefined ? {} : { subscription }),
    };
    const options = { timeoutMs: waitMs + slackMs, signal: this.#stop.signal };
    this.#received = receiveOnce(this.#asking, operation, options).then(
      (messages) => {
        this.#phase = "idle";
        this.#wasThere = true;
        this.#nextLookMs = 0;
        this.#attempt = undefined;
        this.#retryMs = retryMsMin;
        if (this.#isInterrupted) {
          this.#isInterrupted = false;
          this.#events?.publish({ kind: "resumed" });
        }
        for (const received of messages) this.#take(received);
        if (this.#isStopping) this.#end();
        this.#begin();
        this.#receiveSoon();
      },
      (error: unknown) => {
        this.#phase = "idle";
        if (this.#isStopping) this.#look();
        else if (isAbsent(error) && this.#asking.host.clock.now() >= this.#nextLookMs) this.#lookFor(error);
        else if (mayPass(error)) this.#again(error);
        else this.#fail(error);
      },
    );
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.#noticed(error, undefined); // (P7)
    this.#end();
  }

  /** (P10) */
  #lookFor(error: MpregError): void {
    const { absent } = this.#options;
    this.#nextLookMs = this.#asking.host.clock.now() + lookEveryMs; // meanwhile it may be deleted elsewhere
    if (error.reason !== absentReason && error.reason !== away) this.#wasThere = true; // it has said so itself
    this.#phase = "pausing";
    void findQueue(this.#asking, error).then(({ isDeleted, told }) => {
      if (this.#isStopping) return;
      if (absent === "end" || (isDeleted && this.#wasThere && absent === undefined)) this.#fail(told);
      else this.#again(told);
    });
  }

  /** (P5) */
  #again(error: unknown): void {
    const { clock } = this.#asking.host;
    this.#events?.publish({ kind: "interrupted", error, retryMs: this.#retryMs });
    if (!this.#isInterrupted) {
      this.#isInterrupted = true;
      if (!this.#noticed(error, undefined)) return; // (P7)
    }
    this.#phase = "pausing";
    this.#pause = clock.setTimer(() => {
      this.#pause = undefined;
      this.#phase = "idle";
      this.#receive();
    }, this.#retryMs);
    this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
  }

  #take(received: ReceivedMessage): void {
    const { host } = this.#asking;
    let message: QueueMessage<T, A>;
    try {
      message = queueMessage<T, A>(received, host.codec, this.#settlers);
      const { value: _value } = message; // throws where it is none
    } catch (error) {
      // nobody here can read it: it is not done
      void this.#settlers.line.giveBack(releasing(undefined, thrownText(error)), [received.receipt]);
      this.#events?.publish({ kind: "unreadable", id: received.id, error });
      this.#noticed(error, undefined); // (P7)
      return;
    }
    const leased = new Leased(message, received.visibleForMs, host, this.#holder);
    this.#keeper.keep(leased); // (P3)
    this.#ready.push(leased);
  }

  #begin(): void {
    while (this.#running.size < this.#concurrency && !this.#isStopping) {
      const leased = this.#ready.shift();
      if (leased === undefined) return;
      if (leased.isAborted) continue; // (P3)
      this.#running.add(leased);
      this.#run(leased);
    }
  }

  #run(leased: Leased<T, A>): void {
    let result: unknown;
    try {
      result = this.#handler(leased.message, leased);
    } catch (error) {
      this.#threw(leased, error);
      return;
    }
    if (!isThenable(result)) return this.#handled(leased, result);
    Promise.resolve(result).then(
      (value: unknown) => {
        this.#handled(leased, value);
      },
      (error: unknown) => {
        this.#threw(leased, error);
      },
    );
  }

  /** Its handler has ended well. (P2) */
  #handled(leased: Leased<T, A>, value: unknown): void {
    if (leased.message.keepResult !== true) return this.#acknowledge(leased, undefined); // nobody can ask for it
    const { line, checks } = this.#settlers;
    const acknowledge = (result: unknown): void => {
      this.#acknowledge(leased, result);
    };
    const refused = (error: unknown): void => {
      line.settleWith(acknowledging, leased.message.receipt, untold(error), leased);
      this.#tell(leased, error); // (P2)
    };
    let result: unknown;
    try {
      result = checks.result(value);
    } catch (error) {
      return refused(error);
    }
    if (isPromise(result)) result.then(acknowledge, refused);
    else acknowledge(result);
  }

  #acknowledge(leased: Leased<T, A>, result: unknown): void {
    if (leased.isGivenBack) this.#done(leased);
    else this.#settlers.line.settle(acknowledging, leased.message.receipt, result, leased);
  }

  /** Its handler has thrown, or it could not be acknowledged. (P2) */
  #threw(leased: Leased<T, A>, error: unknown): void {
    if (!this.#tell(leased, error)) return;
    if (isStale(error) || leased.isGivenBack) return this.#done(leased); // somebody else may have it
    const ended = (): void => {
      this.#done(leased);
    };
    void this.#release(leased.message, error).then(ended);
  }

  /** Answers whether the processor goes on. */
  #tell(leased: Leased<T, A>, error: unknown): boolean {
    this.#events?.publish({ kind: "failed", message: leased.message, error });
    return this.#noticed(error, leased.message, leased);
  }

  /** What `onError` throws ends the processor; answers whether it goes on. */
  #noticed(error: unknown, message: QueueMessage<T, A> | undefined, leased?: Leased<T, A>): boolean {
    try {
      this.#options.onError?.(error, message);
      return true;
    } catch (thrown) {
      this.#failure ??= thrown;
      if (leased !== undefined) this.#done(leased);
      this.#end();
      return false;
    }
  }

  #done(leased: Leased<T, A>): void {
    this.#keeper.forget(leased);
    this.#running.delete(leased);
    this.#begin();
    this.#receiveSoon();
    this.#look();
  }

  #release(message: QueueMessage<T, A>, error: unknown): Promise<void> {
    const { code, outcome } = isA(error, MpregError) ? error : thrown;
    const settling = { ...releasing(undefined, thrownText(error)), failure: { code, outcome } };
    return this.#settlers.line.one(settling, message.receipt, {}).catch((again: unknown) => {
      if (isSame(again, error)) return; // what has kept it from being acknowledged was told (P7)
      this.#events?.publish({ kind: "failed", message, error: again });
      this.#noticed(again, message); // its lease ends by itself
    });
  }

  #end(): void {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#stop.abort(new MpregError("cancelled", "The processor has ended"));
    }
    const receipts: string[] = [];
    for (let leased = this.#ready.shift(); leased !== undefined; leased = this.#ready.shift()) {
      this.#keeper.forget(leased);
      receipts.push(leased.message.receipt);
    }
    if (receipts.length > 0) {
      this.#goingBack += 1;
      this.#returned = this.#settlers.line.giveBack(givingBack, receipts).then(() => {
        this.#goingBack -= 1;
        this.#look();
      }); // (P4)
    }
    this.#look();
  }

  /** (P9) */
  #leave(): Promise<unknown> {
    const running = [...this.#running];
    void this.close();
    for (const leased of running) {
      leased.isGivenBack = true;
      this.#keeper.forget(leased);
    }
    const error = "Its receiver has closed";
    const receipts = running.map(({ message }) => message.receipt);
    const released = this.#settlers.line.giveBack(releasing(undefined, error), receipts);
    return Promise.all([released, this.#received.then(() => this.#returned)]);
  }

  #look(): void {
    if (
      !this.#isStopping ||
      this.#running.size > 0 ||
      this.#phase === "receiving" ||
      this.#goingBack > 0 ||
      this.#isOver
    )
      return;
    this.#isOver = true;
    this.#keeper.close();
    if (this.#pause !== undefined) this.#asking.host.clock.clearTimer(this.#pause);
    this.#events?.publish({ kind: "ended", error: this.#failure });
    this.#events?.end();
    this.#over();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Whether two ends of calls say the same: their texts may name other requests. */
function isSame(a: unknown, b: unknown): boolean {
  return isA(a, MpregError) && isA(b, MpregError) && a.code === b.code && a.node === b.node;
}

/** No node has the queue, or it says itself that it is gone. */
function isAbsent(error: unknown): error is MpregError {
  return isA(error, MpregError) && error.code === "unknown-queue";
}

function isStale(error: unknown): boolean {
  return isA(error, MpregError) && error.code === "stale-receipt";
}

const acknowledging = { op: "ack" } as const;

/** What a handler throws, it throws at its end: its effects stand. */
const thrown = { code: "handler-error", outcome: "applied" } as const;
