/** What a program says and hears of queues: the types of `queue`, of clients and of nodes alike. */
import type { MpregError } from "../../base/index.js";
import type { CancelSignal } from "../../rpc/index.js";
import type { HandlerSignal } from "../abort-source.js";
import type {
  DeadLetter,
  GivenSettings,
  MessageState,
  Missed,
  QueueSettings,
  QueueStats,
  Redrive,
  Schedule,
  SpooledFor,
} from "../../queues/index.js";
import type { Missed as StatusMissed } from "../../structures/index.js";
import type { WaitOptions } from "../api.js";

/** Settings of a queue, all optional: each says its default. A queue that is there is compared with those that are given. */
export type QueueOptions = GivenSettings & {
  /** The node that owns it, by name or id; for a durable queue one with a data directory. Default: the cluster chooses one when the queue is created. */
  readonly owner?: string | undefined;
};

/** What travels with a message beside its value. */
export interface SendOptions {
  /** Unique in the queue. Default: one is made. */
  readonly id?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Order `fifo`: messages of one group are received in order, one at a time. Otherwise groups take turns. */
  readonly group?: string | undefined;
  /** What it is known by where the queue deduplicates. */
  readonly dedup?: string | undefined;
  /** 0 to 9, for order `priority`. Default 4. */
  readonly priority?: number | undefined;
  /** For how long nobody receives it. Default: that of the queue. */
  readonly delayMs?: number | undefined;
  /** For how long it lives at most. Default, and most: that of the queue. */
  readonly ttlMs?: number | undefined;
  /** Ids of messages that must be done before it is received. */
  readonly after?: readonly string[] | undefined;
  /** Of messages with the same key only one is ever acknowledged by a receiver, within the queue's `keyWindowMs`. */
  readonly idempotencyKey?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  /** What becomes of it is kept for `resultMs` of the queue (5 min), for {@link Queue.result}. Default `false`. */
  readonly keepResult?: boolean | undefined;
}

export interface SendAndWaitOptions extends Omit<SendOptions, "keepResult">, WaitOptions {
  /**
   * Takes the message back where the time allowed is over, or the signal aborts, before anybody has received it: the outcome is `not-applied` then. Default
   * `false`: it stays, and is done when it is its turn.
   */
  readonly withdraw?: boolean | undefined;
}

export interface AckOptions<A = unknown> extends WaitOptions {
  /** What whoever waits for the message is answered: any value that can be sent, of at most 1 MiB. */
  readonly result?: A | undefined;
}

/** What is to become of a message whose queue cannot be reached. */
export interface AcceptOptions {
  /**
   * `spool`: where the owner of the queue is away, the node that this program is connected to keeps the message on its disk, and hands it on once the owner is
   * back: once, and in the order in which it came there. Default: it is refused (`not-applied`).
   *
   * `unsupported` where that node has no data directory, `overloaded` where it has no room. What the queue then refuses becomes a dead letter of it.
   */
  readonly accept?: "spool" | undefined;
}

/** A message that a queue has taken; of a durable one, that is on disk. */
export interface Sent {
  readonly id: string;
  /** Its place in the queue. */
  readonly sequence: bigint;
  /** The queue had it already and has taken nothing: this is the id of the one that it has. */
  readonly duplicate: boolean;
  /** The queue does not have it yet: it is on the disk of another node, which hands it on (`accept`). Its `sequence` is 0. */
  readonly spooled?: true | undefined;
}

/** What has become of one message of a batch. */
export type SentOrRefused =
  { readonly sent: Sent; readonly error?: undefined } | { readonly sent?: undefined; readonly error: MpregError };

/** What has become of one of several messages that are acknowledged, released or extended: `undefined`, or why it was not. */
export type SettledOrRefused = MpregError | undefined;

/** What every look at a message shows. Times are wall time in ms since 1970. */
export interface MessageFacts<T> extends Omit<SendOptions, "delayMs" | "ttlMs"> {
  readonly id: string;
  readonly value: T;
  readonly sequence: bigint;
  /** How often it was received, this time included. */
  readonly receives: number;
  readonly sentMs: number;
  /** Where it comes from, in a queue of dead letters. */
  readonly deadLetter?: DeadLetter | undefined;
}

/** A message that was looked at and is still in its queue. */
export interface BrowsedQueueMessage<T> extends MessageFacts<T> {
  readonly state: MessageState;
}

/**
 * A message that this receiver has leased. It comes back to others when its lease ends before {@link ack}. `T` is its value, `A` what whoever waits for it may be
 * answered.
 */
export interface QueueMessage<T = unknown, A = unknown> extends MessageFacts<T> {
  /** Names this lease. */
  readonly receipt: string;
  readonly firstReceivedMs: number;
  /** For how long it was leased. */
  readonly visibleForMs: number;
  /**
   * It is done. Rejects with `stale-receipt` where the lease has ended and somebody else may have it (the `reason` of the error says how: `StaleReason`), and with
   * `invalid-output` where somebody waits for its result and the schema refuses what is given: it is still leased then.
   */
  ack(options?: AckOptions<A>): Promise<void>;
  /** It was not done: others get it after `delayMs`, or as the queue's `retry` says. `error` is kept with it. */
  release(options?: ReleaseOptions): Promise<void>;
  /** It takes longer: the lease ends in `visibilityMs` from now. */
  extend(visibilityMs: number, options?: WaitOptions): Promise<void>;
}

export interface ReleaseOptions extends WaitOptions {
  readonly delayMs?: number | undefined;
  /** Why, as a dead letter shows it. */
  readonly error?: string | undefined;
}

export interface ReceiveOptions extends WaitOptions {
  /** Messages at most, 1 to 1,000. Default 1. */
  readonly max?: number | undefined;
  /** For how long the queue waits for the first one, at most 3,600,000 (1 h). Default 20 s; 0: not at all. */
  readonly waitMs?: number | undefined;
  /** For how long they are leased. Default: `visibilityMs` of the queue. */
  readonly visibilityMs?: number | undefined;
  /** Of a queue whose guarantee is `broadcast` or `quorum`: whose copies. */
  readonly subscription?: string | undefined;
  /**
   * Of one group of a FIFO queue at most so many. Default: as many as there are, in their order. Loops, processors and functions that consume take one at a
   * time. Where one is released, or its lease expires, those behind it in its group are not this receiver's any more (`stale-receipt`, reason `behind`).
   */
  readonly groupMax?: number | undefined;
  /**
   * What this receive is called, at most 256 characters; one is made where none is given. Whoever receives again with the same within five minutes gets the same
   * messages, with the same receipts, as long as their leases hold; these begin anew.
   */
  readonly attempt?: string | undefined;
}

export interface ConsumeOptions extends Pick<ReceiveOptions, "visibilityMs" | "subscription"> {
  /** Ends it. */
  readonly signal?: CancelSignal | undefined;
  /**
   * Messages that are leased ahead of those that are worked on: 0 to 10,000 where there is a handler, 1 to 1,000 in a loop. Default: as many as `concurrency`; in a
   * loop 1.
   */
  readonly prefetch?: number | undefined;
}

export interface ProcessOptions<T = unknown, A = unknown> extends ConsumeOptions {
  /** Messages that are worked on at a time, 1 to 10,000. Default 1. */
  readonly concurrency?: number | undefined;
  /**
   * What it does where no node has the queue, as where it was not created yet, its owner is away, or its name is misspelt: `wait` until some node has it, or `end` with
   * `unknown-queue`. Default: it waits, but for a queue that was deleted while it was worked off: that ends it (`reason` of the error: `deleted`). `status` and
   * `onError` tell which nodes were asked.
   */
  readonly absent?: "wait" | "end" | undefined;
  /**
   * Is told what a handler threw, and what has kept a message from being acknowledged or released; without a `message`, that one cannot be read, that the queue
   * cannot be received from just now (once, as long as that lasts), and what ends the processor. What it throws ends the processor.
   */
  readonly onError?: ((error: unknown, message: QueueMessage<T, A> | undefined) => void) | undefined;
}

/** Something that happened to a processor; `missed` stands for events that were not taken in time. */
export type ProcessorEvent<T = unknown, A = unknown> =
  /** A handler has thrown `error`, or its message could not be acknowledged or released because of it. */
  | { readonly kind: "failed"; readonly message: QueueMessage<T, A>; readonly error: unknown }
  /** The lease of a message that is here was lost: somebody else may have it. */
  | { readonly kind: "lease-lost"; readonly message: QueueMessage<T, A>; readonly error: unknown }
  /** A message is no value: it was released, with `error`. */
  | { readonly kind: "unreadable"; readonly id: string; readonly error: unknown }
  /** The queue could not be received from; that is tried again in `retryMs`. */
  | { readonly kind: "interrupted"; readonly error: unknown; readonly retryMs: number }
  /** It is received from again. */
  | { readonly kind: "resumed" }
  /** It is over: because the program wanted it, or with why not. */
  | { readonly kind: "ended"; readonly error: unknown }
  | StatusMissed;

/** Something that works off a queue. */
export interface QueueProcessor<T = unknown, A = unknown> extends AsyncDisposable {
  /** Is fulfilled when it is over, and what was leased ahead is back; rejects where it ended because the queue could not be received from. */
  readonly closed: Promise<void>;
  /** Messages that are worked on now. */
  readonly running: number;
  /** What happens to it from now on, 1,000 events of which are kept for each reader; ends with it. */
  status(options?: { readonly signal?: CancelSignal | undefined }): AsyncIterableIterator<ProcessorEvent<T, A>>;
  /** Receives nothing more, and is fulfilled when what has begun has ended. What was leased ahead is given back; that receive does not count. */
  drain(options?: WaitOptions): Promise<void>;
  /**
   * Ends at once: handlers that run are told through their signal, their messages released as they end. What was leased ahead is given back; that receive does not
   * count. Where the client is closed, messages are released without waiting for their handlers.
   */
  close(): Promise<void>;
}

/** What a handler is given beside its message. */
export interface ProcessContext {
  /** Aborts when the lease was lost, or the processor is closed. */
  readonly signal: HandlerSignal;
}

export interface BrowseOptions extends WaitOptions {
  readonly state?: MessageState | undefined;
  /** Messages at most, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** Behind the message of this sequence. */
  readonly after?: bigint | undefined;
  readonly subscription?: string | undefined;
}

export interface RedriveOptions extends WaitOptions {
  /** The queue to which they go. Default: to where each comes from. */
  readonly to?: string | undefined;
  /** Messages per second. Default: as fast as it goes. */
  readonly perSecond?: number | undefined;
}

/** When a message is sent, and what: exactly one of `cron`, `everyMs` and `at`, and what a send has beside the value. */
export interface ScheduleOptions<T = unknown> extends Omit<SendOptions, "id" | "dedup" | "after">, WaitOptions {
  /** Five fields (minute, hour, day, month, weekday), six with seconds first, or a name such as `@daily`. */
  readonly cron?: string | undefined;
  /** Of `cron`: such as `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** Each time that so much has passed, from now on: 100 ms to 366 days. */
  readonly everyMs?: number | undefined;
  /** Once: a time that is to come, also in ms since 1970. */
  readonly at?: Date | number | undefined;
  /** What becomes of times that passed while the queue's node was away. Default `one`: a message for the last of them. */
  readonly missed?: Missed | undefined;
  readonly value: T;
}

/**
 * A queue of the cluster, from wherever: which node owns it is not the program's business. Made by `queue` of a client or a node.
 *
 * `T` is what receivers get and `R` what is answered to who waits for it; `S` is what is sent and `A` what is given as the result, which a schema may make
 * something else of.
 *
 * Every method rejects with `unknown-queue` where no node has it just now, `denied`, `not-connected`, `deadline`, `cancelled` and `closed`; the
 * error's `outcome` says whether anything was done.
 */
export interface Queue<T = unknown, R = unknown, S = T, A = R> extends AsyncIterable<QueueMessage<T, A>, undefined> {
  readonly name: string;
  /**
   * Creates it with the options that `queue` was given, where it is not there; else compares them. Done by itself before the first
   * operation where there are any. Rejects with `invalid-argument` where the queue has other settings: `update` changes them.
   */
  create(options?: WaitOptions): Promise<QueueSettings>;
  /**
   * Sends. Resolves when the queue has it: a durable one on disk. Messages that are sent in the same turn travel together, and all of a program in the
   * order in which it has sent them.
   *
   * Rejects with `overloaded` (the queue is full), `too-large`, `not-encodable`, `invalid-input` (the schema of its contract refuses it), and as all methods do.
   * Where that schema takes its time, what is sent later waits behind it.
   */
  send(value: S, options?: SendOptions & AcceptOptions & WaitOptions): Promise<Sent>;
  /**
   * Sends, and answers what the function that works the queue off has answered, or whoever has acknowledged the message (`result`). The answer survives that this program
   * reconnects, and that the owner of a durable queue starts anew.
   *
   * Rejects as {@link send}; as the last receiver has failed, once the message is a dead letter, or with `deadline` where nobody has said why; with `deadline` where `timeoutMs` (default: as long as it
   * takes) is over, and `result-lost` where the queue does not know the result any more. What is not done by then stays in the queue, unless `withdraw` is given.
   */
  sendAndWait<Result extends R = R>(value: S, options?: SendAndWaitOptions): Promise<Result>;
  /** Waits for what {@link sendAndWait} would answer, of a message that was sent with `keepResult`; it is kept for `resultMs` once there. */
  result<Result extends R = R>(id: string, options?: WaitOptions): Promise<Result>;
  /** Takes back a message that nobody has leased; answers whether it is gone. */
  withdraw(id: string, options?: WaitOptions): Promise<boolean>;
  /** Sends several in one message to the owner; each has an end of its own, also one whose value is refused here. At most 1,000. */
  sendBatch(
    messages: readonly (SendOptions & { readonly value: S })[],
    options?: AcceptOptions & WaitOptions,
  ): Promise<readonly SentOrRefused[]>;
  /** Leases messages to this program; none where none came in time. */
  receive(options?: ReceiveOptions): Promise<readonly QueueMessage<T, A>[]>;
  /** Leases one message after the other, until the loop is left, `signal` aborts, or the client is closed. `for await (const message of queue)` does so with the defaults. */
  messages(options?: ConsumeOptions): AsyncIterableIterator<QueueMessage<T, A>, undefined>;
  /**
   * Works off the queue: a message whose handler ends well is acknowledged, with what it answers as the result; one whose handler throws is released.
   * Leases are extended as long as handlers run.
   */
  process(
    handler: (message: QueueMessage<T, A>, context: ProcessContext) => A | PromiseLike<A>,
    options?: ProcessOptions<T, A>,
  ): QueueProcessor<T, A>;
  /** Acknowledges several, by their receipts: per receipt, in order, `undefined` or why it was not. At most 1,000. */
  ack(receipts: readonly string[], options?: WaitOptions): Promise<readonly SettledOrRefused[]>;
  /** Gives several back, which others then get after `delayMs`, or as the queue's `retry` says; answers as {@link ack}. */
  release(receipts: readonly string[], options?: ReleaseOptions): Promise<readonly SettledOrRefused[]>;
  /** The leases of several end in `visibilityMs` from now, 0 to 12 h; answers as {@link ack}. */
  extend(
    receipts: readonly string[],
    visibilityMs: number,
    options?: WaitOptions,
  ): Promise<readonly SettledOrRefused[]>;
  /** Shows messages without leasing them, in the order in which they were sent. */
  browse(options?: BrowseOptions): Promise<readonly BrowsedQueueMessage<T>[]>;
  /** Removes all messages, those that are leased too; answers how many. */
  purge(options?: WaitOptions): Promise<number>;
  /** How many messages it has, and what it has done since its node began. */
  stats(options?: WaitOptions): Promise<QueueStats>;
  /** Its settings, with all defaults. */
  settings(options?: WaitOptions): Promise<QueueSettings>;
  /**
   * Changes settings, and answers all of them; what is not named is left as it is, and `undefined` takes away what has no default (`retry`). Rejects with
   * `invalid-argument` for `durable`, `guarantee` and `order`, which are for ever.
   */
  update(settings: GivenSettings, options?: WaitOptions): Promise<QueueSettings>;
  /** Begins a subscription of a queue whose guarantee is `broadcast` or `quorum`; answers whether it is new. It gets what is sent from then on. */
  subscribe(subscription: string, options?: WaitOptions): Promise<boolean>;
  /** Ends a subscription and gives up its copies; answers whether there was one. */
  unsubscribe(subscription: string, options?: WaitOptions): Promise<boolean>;
  /** Begins to move the dead letters that there are back where they came from; answers how it stands just then. It goes on by itself: {@link redrives}. */
  redrive(options?: RedriveOptions): Promise<Redrive>;
  /** The redrive that runs, and the last ten that are over: how many have moved, how many stay. */
  redrives(options?: WaitOptions): Promise<readonly Redrive[]>;
  /** Ends a redrive; what has moved has moved. Rejects with `invalid-argument` where the queue knows none of that id. */
  cancelRedrive(id: string, options?: WaitOptions): Promise<Redrive>;
  /**
   * Sends messages at times: each time makes one, whatever crashes. Its headers `mpreg-schedule` and `mpreg-due` say which schedule has made it and for
   * when. One of that name is changed; with the same times it stays due when it was.
   *
   * ```ts fragment
   * await client.queue("reports").schedule("nightly", { cron: "0 3 * * *", timeZone: "Europe/Berlin", value: { kind: "all" } });
   * ```
   */
  schedule(name: string, options: ScheduleOptions<S>): Promise<Schedule>;
  /** Ends a schedule; answers whether there was one. */
  unschedule(name: string, options?: WaitOptions): Promise<boolean>;
  /** Its schedules: when each is due next, how often it has sent, and what the queue would not have. */
  schedules(options?: WaitOptions): Promise<readonly Schedule[]>;
  /** Removes the queue with all its messages; answers how many. */
  delete(options?: WaitOptions): Promise<number>;
}

/** Which messages that were set aside: all for one queue, those of these ids (at most 1,000), or all that there are. */
export type SpooledChoice =
  | { readonly queue: string; readonly ids?: readonly string[] | undefined }
  | { readonly ids: readonly string[]; readonly queue?: undefined }
  | "all";

/** What one queue has. */
export interface QueueReport {
  readonly queue: string;
  /** Id of the node that has it. */
  readonly node: string;
  readonly stats: QueueStats;
}

/** What one node keeps for one queue that is elsewhere. */
export interface Spooled extends SpooledFor {
  /** Id of the node. */
  readonly node: string;
}
