/**
 * Queues: what a queue is asked, and what it answers.
 *
 * Owns the shapes. Settings are checked in `settings.ts`, operations are done by `queue.ts`. Bodies are opaque bytes. Times
 * are in ms; those called wall time are since 1970 and for display, the others are durations.
 */
import type { ErrorCode, MpregError, Outcome } from "../base/index.js";
import type { FunctionConsumer } from "./function-consumer.js";
import type { TransferAnswer, TransferItem } from "./spool/types.js";

/**
 * When a message is done.
 *
 * - `fire-and-forget`: when it is received. Memory only; what is lost is counted.
 * - `at-least-once`: when one receiver has acknowledged it.
 * - `broadcast`: when every subscription that the queue had when it was sent has acknowledged its own copy.
 * - `quorum`: when `needed` of those have.
 */
export type Guarantee =
  | { readonly kind: "fire-and-forget" }
  | { readonly kind: "at-least-once" }
  | { readonly kind: "broadcast" }
  | { readonly kind: "quorum"; readonly needed: number };

/**
 * Which message is next.
 *
 * - `standard`: the oldest. Messages with a group are fair: the groups take turns, none is locked.
 * - `fifo`: strict order inside a group, and one receiver of each group at a time; the groups take turns.
 * - `priority`: the highest priority (0 to 9), the oldest of these.
 */
export type Order = "standard" | "fifo" | "priority";

/** How long a message that was not acknowledged waits: `baseMs`, doubled for each receive before, at most `maxMs`. */
export interface Retry {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Whether it waits for a random time between half of that and all of it. */
  readonly jitter: boolean;
}

/** Messages that were sent already, by `OutgoingMessage.dedup` or by their content, are not taken again for `windowMs`. */
export interface Deduplication {
  readonly windowMs: number;
  readonly scope: "queue" | "group";
  readonly byContent: boolean;
}

/** At most `burst` at once, and on average `perSecond`. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Everything that can be chosen of a queue. `durable`, `guarantee` and `order` are for ever, the others can be changed. */
export interface QueueSettings {
  /** Whether messages are on disk before their send is answered. Default `true`: its node has to have a data directory. */
  readonly durable: boolean;
  /** When a message is done. Default `{ kind: "at-least-once" }`. */
  readonly guarantee: Guarantee;
  /** Which message is next. Default `standard`. */
  readonly order: Order;
  /** Order `priority`: a message gains one priority for each so long a wait, so that none starves. Default: none does. */
  readonly priorityAgeMs: number | undefined;
  /** How long a lease is, unless its receive or extension says otherwise. Default 30,000; 0 to 12 h. */
  readonly visibilityMs: number;
  /** How long a message is not available at first, unless it says so itself. Default 0; at most 365 days. */
  readonly delayMs: number;
  /** How long a message lives at most. One that is leased then lives on until its lease ends. Default four days; at most 366. */
  readonly ttlMs: number;
  /** A message received so often is put into `deadLetter` when its lease ends without an acknowledgement. Default: never. */
  readonly maxReceives: number | undefined;
  /** The queue of dead letters, given together with `maxReceives`. It is not created by that: until it is there, messages stay. */
  readonly deadLetter: string | undefined;
  /** How long a message waits before it comes again. Default: not at all. */
  readonly retry: Retry | undefined;
  /** What was sent already is not taken again. Default: everything is taken. */
  readonly dedup: Deduplication | undefined;
  /** For how long the idempotency key of an acknowledged message is kept. Default a day. */
  readonly keyWindowMs: number;
  /** For how long the result of a message that asks for it (`keepResult`) is kept. Default 5 min. */
  readonly resultMs: number;
  /** Messages that it holds at most. Default 1,000,000. */
  readonly messagesMax: number;
  /** Bytes of messages that it holds at most. Default 1 GiB. */
  readonly bytesMax: number;
  /** Bytes of the body of one message at most; its headers count in `bytesMax`. Default 1 MiB; at most 64 MiB, of which a send takes 16. */
  readonly messageBytesMax: number;
  /** What happens to a send beyond `messagesMax` or `bytesMax`: it is refused (`reject`, the default), or the oldest messages that are not leased go. */
  readonly overflow: "reject" | "drop-oldest";
  /** Of leases, of all consumers together. Default: as fast as it goes. */
  readonly rate: Rate | undefined;
  /** The same for each group. */
  readonly groupRate: Rate | undefined;
  /** The function that works it off. Others may receive from it, too. */
  readonly consumer: FunctionConsumer | undefined;
  /** Patterns of the topics that feed the queue: what is published to one that matches is sent to the queue, once. At most 64. Default none. */
  readonly topics: readonly string[];
  /** Carried, never looked at. At most 50, and 65,536 characters with their names. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The settings that have parts, some of which have defaults. */
type InParts = "retry" | "dedup" | "rate" | "groupRate";

/** Settings as they are given: what is not said, or `undefined`, has its default; `undefined` for one that has none takes it away. */
export type GivenSettings = Partial<Omit<QueueSettings, InParts>> & {
  /** Default of `maxMs`: an hour, or `baseMs` if that is longer; of `jitter`: `true`. */
  readonly retry?: (Pick<Retry, "baseMs"> & Partial<Retry>) | undefined;
  /** Defaults: `windowMs` 5 min, `scope` `queue`, `byContent` `false`. */
  readonly dedup?: Partial<Deduplication> | undefined;
  /** Default of `burst`: as many as in a second. */
  readonly rate?: (Pick<Rate, "perSecond"> & Partial<Rate>) | undefined;
  /** Default of `burst`: as many as in a second. */
  readonly groupRate?: (Pick<Rate, "perSecond"> & Partial<Rate>) | undefined;
};

/** An attribute of a message: carried, never looked at. */
export interface MessageAttribute {
  /** Such as `String`, `Number.int` or `Binary`. */
  readonly type: string;
  readonly value: string | Uint8Array;
}

/** A message as it is sent. */
export interface OutgoingMessage {
  /** Unique in its queue; else the queue makes one. May not begin with `~`. */
  readonly id?: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  readonly group?: string;
  /** What it is known by for `dedup`. */
  readonly dedup?: string;
  /** 0 to 9, 4 if not given. */
  readonly priority?: number;
  readonly delayMs?: number;
  /** At most that of the queue. */
  readonly ttlMs?: number;
  /** Ids of messages of this queue that must be done before. One that the queue does not have is done. */
  readonly after?: readonly string[];
  /**
   * A message whose key was acknowledged before, within `keyWindowMs`, is acknowledged instead of received. While one with the same key is leased in a
   * subscription, it waits there.
   */
  readonly idempotencyKey?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** What becomes of it is kept for `resultMs` of the queue, for who asks (`result`). */
  readonly keepResult?: boolean;
}

/** What has become of a message: what its receiver gave as the result, or why it was not done. */
export type MessageResult =
  | { readonly kind: "done"; readonly value: Uint8Array | undefined }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly outcome: Outcome; readonly error: string };

/** The same for who asks. `waiting`: it is not done yet. `unknown`: the queue has neither the message nor its result, any more or at all. */
export type ResultEnd = MessageResult | { readonly kind: "waiting" } | { readonly kind: "unknown" };

/** What kind of failure a receiver has had, and whether it took effect. */
export interface Failure {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
}

/**
 * Why a message is a dead letter: received too often, it waited for one (`after`) that was never acknowledged, no quorum can be any more, or another node
 * had taken it (`accept: "spool"`) and its queue has refused it.
 */
export type DeathReason = "max-receives" | "after-failed" | "no-quorum" | "refused";

/** Where a dead letter comes from. Both times are wall times. */
export interface DeadLetter {
  readonly queue: string;
  readonly reason: DeathReason;
  /** What its last receiver gave as an error when it released it. */
  readonly error: string | undefined;
  /** How often it was received. */
  readonly attempts: number;
  /** The subscription that could not do with it, where there are some. */
  readonly subscription: string | undefined;
  readonly sentMs: number;
  readonly diedMs: number;
}

/** A message as it is looked at. */
export interface BrowsedMessage extends OutgoingMessage {
  readonly id: string;
  readonly sequence: bigint;
  /** How often it was received. */
  readonly receives: number;
  /** Wall time. */
  readonly sentMs: number;
  readonly state: MessageState;
  readonly deadLetter?: DeadLetter;
}

export type MessageState = "available" | "delayed" | "leased";

/** A message as it is received. */
export interface ReceivedMessage extends OutgoingMessage {
  readonly id: string;
  /** Stands for this lease; acknowledges, releases and extends it. */
  readonly receipt: string;
  readonly sequence: bigint;
  /** How often it was received, with this time. */
  readonly receives: number;
  /** Wall time. */
  readonly sentMs: number;
  /** Wall time. */
  readonly firstReceivedMs: number;
  readonly visibleForMs: number;
  readonly deadLetter?: DeadLetter;
}

/** What has become of one of the messages of a send. */
export type SendEnd =
  | {
      readonly kind: "done";
      readonly id: string;
      readonly sequence: bigint;
      readonly duplicate: boolean;
      /** It is on the disk of another node, which hands it on: it has no sequence yet (0). */
      readonly spooled?: true;
    }
  | { readonly kind: "refused"; readonly error: MpregError };

/**
 * Why a receipt is stale.
 *
 * - `acknowledged`: its message was acknowledged, with this receipt or another. Known of the last 1,000 of each lane, of this run.
 * - `expired`, `released`: its lease has ended so, and nobody has received the message since.
 * - `behind`: it was received with a message before it in its FIFO group, whose lease has ended; nobody has received it since.
 * - `superseded`: its message was received again since.
 * - `restarted`: the node of the queue has crashed before the lease was on its disk; the message is available, or was received since.
 * - `settling`: its message is being acknowledged, or released, just now.
 * - `purged`: the queue was purged, in this run of its node.
 * - `gone`: its message is not there any more: acknowledged earlier, expired, moved, dropped or withdrawn.
 */
export type StaleReason =
  "acknowledged" | "expired" | "released" | "behind" | "superseded" | "restarted" | "settling" | "purged" | "gone";

/** What has become of one of the receipts. `stale`: why, where the error is `stale-receipt`; its `reason` is the same. */
export type SettleEnd =
  { readonly kind: "done" } | { readonly kind: "refused"; readonly error: MpregError; readonly stale?: StaleReason };

/** What has become of messages of topics since the queue was opened. */
export interface FeedStats {
  /** Sent to the queue. */
  readonly taken: number;
  /** Told again: the queue had them. */
  readonly repeated: number;
  /** The queue would not have them: full, too large, the disk refused them. */
  readonly refused: number;
  /** Why, the last time. */
  readonly lastRefusal: string | undefined;
  /** Known to be missing: lost on their way, or by bounds of topics. */
  readonly missed: number;
  /** Times of which nobody knows whether messages are missing, or how many. */
  readonly gaps: number;
}

/** Messages that a queue has, and what it has done since it was opened. */
export interface QueueStats {
  /** When it was created: wall time. */
  readonly createdMs: number;
  readonly messages: number;
  readonly bytes: number;
  /**
   * By lane: one, or one for each subscription. A message that waits for others (`after`) is delayed. What is on its way out of a state (acknowledged,
   * released, withdrawn …) is in it until that is on the disk. `browse` tells the same.
   */
  readonly available: number;
  readonly delayed: number;
  readonly leased: number;
  /** Receives that wait. */
  readonly waiting: number;
  /** How long the oldest message has been there; 0 where there is none. */
  readonly oldestMs: number;
  readonly subscriptions: readonly string[];
  readonly sent: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly received: number;
  readonly acknowledged: number;
  readonly released: number;
  /** Leases that ended by themselves. */
  readonly leasesExpired: number;
  /** Messages that outlived their TTL. */
  readonly expired: number;
  /** Messages that made room for others. */
  readonly dropped: number;
  readonly purged: number;
  readonly deadLettered: number;
  /** Times that the dead-letter queue would not have one, which stayed here. */
  readonly deadLettersRefused: number;
  /** Messages that could never be done and had no dead-letter queue. */
  readonly abandoned: number;
  /** Dead letters that went back to where they come from, or elsewhere (`redrive`). */
  readonly redriven: number;
  /** Messages that were acknowledged because their idempotency key was. */
  readonly repeated: number;
  /**
   * Messages that other nodes keep for it in their spools, set aside or not, as they have told last. `undefined` where none has told anything since the node of
   * the queue was started: that is not none.
   */
  readonly spooled?: number;
  /** Of a queue that topics feed. */
  readonly feed?: FeedStats;
}

/**
 * Moves dead letters back where they came from, or to another queue: those that were there when it was begun. A queue has one that
 * runs; of those that are over the last ten are told of.
 */
export interface Redrive {
  readonly id: string;
  /** `undefined`: each to the queue that it comes from. */
  readonly to: string | undefined;
  readonly perSecond: number | undefined;
  readonly state: "running" | "done" | "cancelled";
  /** How many there were to move. */
  readonly messages: number;
  readonly moved: number;
  /**
   * Those that stay: leased, no dead letters, or their queue has no room, takes none of their size, was deleted, or was not known to be at any node for ten
   * minutes; and what is behind such in its group.
   */
  readonly refused: number;
  /**
   * Those that wait, and what is behind such in its group: no node is known to have their queue just now, or the spool of this node has no room. They
   * go once it is seen.
   */
  readonly waiting: number;
  /** What those wait for: the first ten queues, and why each cannot take them just now. */
  readonly waitingFor: readonly { readonly queue: string; readonly why: string }[];
  /** Why the last of those stays that could not go. */
  readonly lastRefusal: string | undefined;
  /** Wall time. */
  readonly startedMs: number;
}

/** When a schedule is due: exactly one of `cron`, `everyMs` and `at`. */
export interface ScheduleTimes {
  /** Five fields (minute, hour, day, month, weekday), six with seconds first, or a name such as `@daily`. */
  readonly cron?: string;
  /** Of `cron`: a name of the IANA data base such as `Europe/Berlin`; `UTC` unless told. */
  readonly timeZone?: string;
  /** Each time that so much has passed: 100 ms to 366 days. */
  readonly everyMs?: number;
  /** Once, at this wall time. */
  readonly at?: number;
}

/**
 * What becomes of times that passed while nobody could see to them: a message for the last one of them (`one`), for each (`all`, at most 1,000, and beyond
 * one for the last), or none (`skip`).
 */
export type Missed = "skip" | "one" | "all";

/** Messages that a queue sends itself. */
export interface Schedule {
  readonly name: string;
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  readonly everyMs: number | undefined;
  readonly at: number | undefined;
  readonly missed: Missed;
  /** Wall time when it is due next. */
  readonly nextMs: number | undefined;
  readonly sent: number;
  /** Times that have passed without a message, at least. */
  readonly skipped: number;
  /** How often the queue would not have its message since it was opened, and why the last time. It is tried again. */
  readonly refused: number;
  readonly lastRefusal: string | undefined;
}

/** Every operation on one queue. */
export type QueueOperation =
  /** At most 1,000 messages, or 16 MiB. */
  | { readonly op: "send"; readonly messages: readonly OutgoingMessage[] }
  /** Waits for at most `waitMs` until there is one, then answers at most `max`, of each FIFO group at most `groupMax`. The same `attempt` within five minutes gets the same messages, with the same receipts, as long as their leases hold; these begin anew. */
  | {
      readonly op: "receive";
      readonly max: number;
      readonly waitMs: number;
      readonly visibilityMs?: number;
      readonly subscription?: string;
      readonly groupMax?: number;
      readonly attempt?: string;
    }
  /** `results`: per receipt, in order, for who waits for them. `late`: receipts whose lease has ended are good, too, as long as nobody has received the message since; not where the order is `fifo`. */
  | {
      readonly op: "ack";
      readonly receipts: readonly string[];
      readonly results?: readonly (MessageResult | undefined)[];
      readonly late?: boolean;
    }
  /** A negative acknowledgement: available again after `delayMs`, else as `retry` says. `uncounted`: nothing was done with it, its receive does not count. `attempt`: also what the receive of that name has got, which waits no longer. */
  | {
      readonly op: "release";
      readonly receipts: readonly string[];
      readonly delayMs?: number;
      readonly error?: string;
      readonly failure?: Failure;
      readonly uncounted?: boolean;
      readonly attempt?: string;
      readonly subscription?: string;
    }
  | { readonly op: "extend"; readonly receipts: readonly string[]; readonly visibilityMs: number }
  /** In the order in which they were sent, after the one of sequence `from`. Leases nothing. */
  | {
      readonly op: "browse";
      readonly state?: MessageState;
      readonly from?: string;
      readonly limit: number;
      readonly subscription?: string;
    }
  /** What has become of a message; waits for that, at most `waitMs`. */
  | { readonly op: "result"; readonly id: string; readonly waitMs: number }
  /** Takes a message back that nobody has leased. */
  | { readonly op: "withdraw"; readonly id: string }
  | { readonly op: "purge" }
  | { readonly op: "delete" }
  | { readonly op: "stats" }
  | { readonly op: "settings" }
  | { readonly op: "update"; readonly settings: GivenSettings }
  | { readonly op: "subscribe"; readonly name: string }
  | { readonly op: "unsubscribe"; readonly name: string }
  /**
   * Messages that another node had kept for this queue; asked by nodes only. Numbers rise. `kept`: how many that node has for it, these and what was set
   * aside included. `over`: that node has nothing left.
   */
  | {
      readonly op: "transfer";
      readonly origin: string;
      readonly call: number;
      readonly messages: readonly TransferItem[];
      readonly kept?: number;
      readonly over?: boolean;
    }
  | { readonly op: "redrive"; readonly to?: string; readonly perSecond?: number }
  | { readonly op: "redrives" }
  | { readonly op: "cancel-redrive"; readonly id: string }
  /** Makes a schedule, or changes the one of that name. Its message has no `id`, `dedup` or `after`. */
  | ({
      readonly op: "schedule";
      readonly name: string;
      readonly missed?: Missed;
      readonly message: OutgoingMessage;
    } & ScheduleTimes)
  | { readonly op: "unschedule"; readonly name: string }
  | { readonly op: "schedules" };

/** What each operation answers. */
export interface QueueAnswers {
  /** Per message, in order. */
  readonly send: readonly SendEnd[];
  readonly receive: readonly ReceivedMessage[];
  /** Per receipt, in order; so `release` and `extend`. */
  readonly ack: readonly SettleEnd[];
  readonly release: readonly SettleEnd[];
  readonly extend: readonly SettleEnd[];
  readonly browse: readonly BrowsedMessage[];
  readonly result: ResultEnd;
  /** Whether it is gone, and was not given to anybody since it was asked for. */
  readonly withdraw: boolean;
  /** How many messages are gone. */
  readonly purge: number;
  readonly delete: number;
  readonly stats: QueueStats;
  readonly settings: QueueSettings;
  readonly update: QueueSettings;
  /** Whether it is new. */
  readonly subscribe: boolean;
  /** Whether there was one. */
  readonly unsubscribe: boolean;
  readonly transfer: TransferAnswer;
  readonly redrive: Redrive;
  readonly redrives: readonly Redrive[];
  readonly "cancel-redrive": Redrive;
  readonly schedule: Schedule;
  /** Whether there was one. */
  readonly unschedule: boolean;
  readonly schedules: readonly Schedule[];
}

export type Operation = QueueOperation["op"];

/** The end of an operation. An error says whether anything was done (`outcome`). */
export type QueueEnd<O extends Operation = Operation> =
  { readonly kind: "done"; readonly value: QueueAnswers[O] } | { readonly kind: "failed"; readonly error: MpregError };
