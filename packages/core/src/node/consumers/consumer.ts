/**
 * Consumer: works off one queue by calls of a function, wherever in the cluster that runs.
 *
 * ```
 *  leased ─▶ called ─▶ answered ─────▶ acknowledged
 *               │
 *               ├─ failed, unknown ──▶ released: counts, as `retry` and `maxReceives` say
 *               └─ nobody for it now ─▶ given back: does not count; all pause
 * ```
 *
 * (F1) At most `concurrency` calls are under way.
 * (F2) A message is acknowledged after its call has succeeded. Where the disk has no room for that, again and again, and the call is not made anew.
 * (F3) A lease is extended when half of it is over, as long as its call or acknowledgement is under way, and again soon where the disk has no room for
 *      that; where it is lost, the call is cancelled.
 * (F4) A call that has not begun, since nobody can run it now, gives its message back as if it had not been received. Then nothing is received for
 *      a while, which doubles each time, or until the function is offered; and after that only as many as ran meanwhile, and one more with each success.
 * (F5) The key of a call is its message's idempotency key, else one that no other message has.
 */
import { type ErrorCode, MpregError, Timer } from "../../base/index.js";
import type {
  FunctionConsumer,
  MessageResult,
  QueueOperation,
  QueueSettings,
  ReceivedMessage,
} from "../../queues/index.js";
import { type Asker, type Run, clientOrigin } from "../../rpc/index.js";
import { ownTerms } from "../../wire/terms.js";
import { argumentsOf, keyOf } from "./arguments.js";
import type { ConsumedQueue, ConsumerHost } from "./types.js";

const pauseMsMin = 100;
const pauseMsMax = 30_000;
/** A lease is that long at least: shorter ones would be extended without end. */
const leaseMsMin = 1_000;
/** As long as a queue lets a receive wait at all. */
const waitMs = 60 * 60_000;
/** After which time an acknowledgement that the disk had no room for is tried again. */
const againMs = 1_000;

/** Nobody can run it just now; with an outcome of `not-applied`. (F4) */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "no-provider",
  "overloaded",
  "circuit-open",
  "node-lost",
  "thread-lost",
  "not-connected",
  "closed",
  "cancelled",
  "deadline",
]);

/** A message, and its call. */
class Work {
  readonly receipt: string;
  readonly id: string;
  /** Ends the call; `undefined` once it has ended. */
  run: Run | undefined = undefined;
  /** The call has succeeded, with this. */
  result: MessageResult | undefined = undefined;
  readonly keepsResult: boolean;
  isOver = false;
  readonly timer: Timer;

  constructor({ receipt, id, keepResult = false }: ReceivedMessage, due: (work: Work, nowMs: number) => void) {
    this.receipt = receipt;
    this.id = id;
    this.keepsResult = keepResult;
    this.timer = new Timer((nowMs) => {
      due(this, nowMs);
    });
  }
}

export class Consumer {
  readonly #host: ConsumerHost;
  readonly #queue: string;
  readonly #createdMs: number;
  #consumer: FunctionConsumer;
  #leaseMs: number;
  readonly #working = new Set<Work>();
  /** Gives up the receive that waits; `undefined`: none does. */
  #stopReceiving: (() => void) | undefined;
  /** Messages that it may get. */
  #asked = 0;
  #isStopped = false;
  #isClosed = false;
  /** Calls that the cluster takes at a time, as far as it has shown. (F4) */
  #taken = Infinity;
  #pauseMs = pauseMsMin;
  #isPaused = false;
  readonly #pause = new Timer(() => {
    this.#resume();
  });

  constructor(host: ConsumerHost, queue: string, { settings, createdMs }: ConsumedQueue) {
    this.#host = host;
    this.#queue = queue;
    this.#createdMs = createdMs;
    this.#consumer = consumerOf(settings);
    this.#leaseMs = leaseMsOf(settings);
    host.later(() => {
      this.#receive();
    });
  }

  /** Messages that are being worked on. */
  get running(): number {
    return this.#working.size;
  }

  /** Calls that have begun go on as they were. */
  configure(settings: QueueSettings): void {
    this.#consumer = consumerOf(settings);
    this.#leaseMs = leaseMsOf(settings);
    this.#taken = Infinity;
    this.#host.later(() => {
      this.#giveUpReceiving(); // it may have asked for too many
      this.#resume();
    });
  }

  /** (F4) */
  offered(fun: string): void {
    if (fun !== this.#consumer.function || !this.#isPaused) return;
    this.#pauseMs = pauseMsMin;
    this.#host.later(() => {
      this.#resume();
    });
  }

  /** Receives nothing more; what has begun goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#host.unschedule(this.#pause);
    this.#host.later(() => {
      this.#giveUpReceiving();
    });
  }

  /** The queue or the node is gone. */
  close(): void {
    this.#isStopped = true;
    this.#isClosed = true;
    this.#host.unschedule(this.#pause);
    this.#giveUpReceiving();
    const error = new MpregError("cancelled", `Queue "${this.#queue}", whose message this is, is gone from its node`);
    for (const work of [...this.#working]) {
      this.#forget(work);
      work.run?.fail(error);
    }
  }

  /** (F1) */
  #receive(): void {
    const { concurrency = 1 } = this.#consumer;
    const room = Math.min(concurrency, this.#taken) - this.#working.size;
    if (this.#isStopped || this.#isPaused || this.#asked > 0 || room <= 0) return;
    this.#asked = room;
    const visibilityMs = this.#leaseMs;
    const wish = { op: "receive", max: room, groupMax: 1, waitMs, visibilityMs } as const;
    const receive = { isOver: false };
    const stop = this.#host.operate<"receive">(this.#queue, wish, (end) => {
      receive.isOver = true;
      this.#stopReceiving = undefined;
      this.#host.later((at) => {
        this.#asked = 0;
        if (end.kind === "failed") this.#rest(undefined, at);
        else for (const message of end.value) this.#begin(message, at);
        this.#receive();
      });
    });
    if (!receive.isOver) this.#stopReceiving = stop;
  }

  #giveUpReceiving(): void {
    if (this.#stopReceiving === undefined) return;
    this.#stopReceiving();
    this.#stopReceiving = undefined;
    this.#asked = 0;
  }

  #begin(message: ReceivedMessage, nowMs: number): void {
    if (this.#isClosed) return;
    const work = new Work(message, (due, at) => {
      this.#due(due, at);
    });
    this.#working.add(work);
    if (this.#isStopped) return this.#giveBack(work);
    this.#host.schedule(work.timer, nowMs + this.#leaseMs / 2);
    try {
      this.#call(work, message, nowMs);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error; // its body is none that the function could get
      this.#release(work, error);
    }
  }

  #call(work: Work, message: ReceivedMessage, nowMs: number): void {
    const { function: fun, timeoutMs = 0, version, resources = [] } = this.#consumer;
    const args = argumentsOf(this.#queue, message, this.#consumer, this.#host);
    const terms = ownTerms(undefined);
    terms.idempotencyKey = keyOf(this.#queue, this.#createdMs, message); // (F5)
    terms.version = version;
    const fields = {
      fun,
      resources,
      args,
      timeoutMs,
      waitForCapacityMs: 0,
      summary: false,
      detached: undefined,
      watch: undefined,
      intermediates: undefined,
      terms,
    };
    const ended = (then: (nowMs: number) => void): void => {
      work.run = undefined;
      this.#host.later((at) => {
        if (!work.isOver) then(at);
      });
    };
    const asker: Asker = {
      answered: (value) => {
        const result = work.keepsResult && value instanceof Uint8Array ? value : undefined;
        ended(() => {
          this.#succeeded(work, result);
        });
      },
      failed: (error) => {
        ended((at) => {
          this.#failed(work, error, at);
        });
      },
      results: () => {
        throw new Error("a call is answered with one value");
      },
    };
    this.#host.call(fields, clientOrigin({ kind: "self" }, 0), asker, nowMs, (run) => {
      work.run = run;
    });
  }

  #succeeded(work: Work, value: Uint8Array | undefined): void {
    work.result = { kind: "done", value };
    this.#pauseMs = pauseMsMin;
    if (this.#taken !== Infinity) this.#taken += 1;
    this.#acknowledge(work);
    this.#receive();
  }

  /** (F2) */
  #acknowledge(work: Work): void {
    const wish = { op: "ack", receipts: [work.receipt], results: [work.result] } as const;
    this.#host.operate<"ack">(this.#queue, wish, (how) => {
      this.#host.later((nowMs) => {
        if (work.isOver) return;
        const end = how.kind === "done" ? how.value[0] : how;
        const isFull = end !== undefined && "error" in end && end.error.code === "overloaded";
        if (isFull) this.#host.schedule(work.timer, nowMs + Math.min(againMs, this.#leaseMs / 4));
        else this.#over(work);
      });
    });
  }

  #failed(work: Work, error: MpregError, nowMs: number): void {
    if (error.outcome !== "not-applied" || !passing.has(error.code)) return this.#release(work, error);
    this.#giveBack(work);
    this.#taken = Math.max(1, [...this.#working].filter(({ run }) => run !== undefined).length);
    this.#rest(error.retryAfterMs, nowMs);
  }

  /** Its receive counts. */
  #release(work: Work, error: MpregError): void {
    const { code, outcome, message } = error;
    this.#settle(work, { op: "release", receipts: [work.receipt], error: message, failure: { code, outcome } });
  }

  /** Its receive does not. */
  #giveBack(work: Work): void {
    this.#settle(work, { op: "release", receipts: [work.receipt], delayMs: 0, uncounted: true });
  }

  #settle(work: Work, wish: Extract<QueueOperation, { readonly op: "release" }>): void {
    this.#host.unschedule(work.timer);
    this.#host.operate<"release">(this.#queue, wish, () => {
      this.#host.later(() => {
        this.#over(work); // where it was refused, the lease ends by itself
      });
    });
  }

  #over(work: Work): void {
    if (work.isOver) return;
    this.#forget(work);
    this.#receive();
  }

  #forget(work: Work): void {
    work.isOver = true;
    this.#working.delete(work);
    this.#host.unschedule(work.timer);
  }

  /** (F3) */
  #due(work: Work, nowMs: number): void {
    this.#host.schedule(work.timer, nowMs + this.#leaseMs / 2);
    const wish = { op: "extend", receipts: [work.receipt], visibilityMs: this.#leaseMs } as const;
    this.#host.operate<"extend">(this.#queue, wish, (how) => {
      const end = how.kind === "done" ? how.value[0] : how;
      if (end === undefined || !("error" in end)) return;
      if (end.error.code !== "stale-receipt") return this.#dueSoon(work);
      if ("stale" in end && end.stale === "settling") return;
      const { error } = end;
      this.#host.later(() => {
        if (work.isOver) return;
        const { run } = work;
        this.#over(work);
        run?.fail(error);
      });
    });
    if (work.result !== undefined) this.#acknowledge(work);
  }

  /** The disk had no room to extend its lease; there may be some before that is over. (F3) */
  #dueSoon(work: Work): void {
    this.#host.later((nowMs) => {
      if (!work.isOver && work.run !== undefined) this.#host.schedule(work.timer, nowMs + this.#leaseMs / 8);
    });
  }

  /** Nothing is received for a while. (F4) */
  #rest(askedMs: number | undefined, nowMs: number): void {
    if (this.#isPaused || this.#isStopped) return;
    this.#isPaused = true;
    this.#giveUpReceiving();
    this.#host.schedule(this.#pause, nowMs + Math.max(askedMs ?? 0, this.#pauseMs));
    this.#pauseMs = Math.min(pauseMsMax, this.#pauseMs * 2);
  }

  #resume(): void {
    this.#isPaused = false;
    this.#host.unschedule(this.#pause);
    this.#receive();
  }
}

function consumerOf({ consumer }: QueueSettings): FunctionConsumer {
  if (consumer === undefined) throw new Error("the queue has no consumer");
  return consumer;
}

function leaseMsOf({ visibilityMs }: QueueSettings): number {
  return Math.max(leaseMsMin, visibilityMs);
}
