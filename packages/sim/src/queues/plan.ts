/**
 * Plan of a world of queues: its nodes, queues, clients, and what befalls them; as data.
 */
import type { QueueSettings } from "@mpreg/core/queues";
import type { Fault } from "../faults/schedule.js";

export interface PlannedQueue {
  readonly name: string;
  /** The node that owns it. */
  readonly owner: string;
  readonly settings: Partial<QueueSettings>;
  /** Of a queue whose guarantee is `broadcast` or `quorum`; they are there before the first message. */
  readonly subscriptions: readonly string[];
}

/** Some messages, one after the other. */
export interface PlannedSend {
  /** Position of the client that sends. */
  readonly client: number;
  readonly atMs: number;
  readonly queue: string;
  readonly count: number;
  /** Bytes of each beside its number. */
  readonly bytes: number;
  readonly group: string | undefined;
  readonly dedup: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly priority: number | undefined;
  readonly delayMs: number | undefined;
  /** Where the owner is away, the node that is asked keeps them. Of durable queues that nobody deletes, and without `dedup`. */
  readonly accept?: "spool" | undefined;
  /** All in one batch. */
  readonly isBatch?: boolean | undefined;
  /** So many messages that the queue has taken last are done before any of these is received. */
  readonly afterLast?: number | undefined;
  /** What becomes of them is kept, and asked for at once, for so long. Without `idempotencyKey`. */
  readonly resultWithinMs?: number | undefined;
  /** They are sent and waited for in one, for `resultWithinMs`; `withdraw`: what is not done by then is taken back. */
  readonly awaited?: "stay" | "withdraw" | undefined;
}

/** Messages that a queue sends itself, from `atMs` on until all is quiet. Of queues that nobody purges or deletes. */
export interface PlannedSchedule {
  readonly client: number;
  readonly atMs: number;
  readonly queue: string;
  readonly everyMs: number;
  readonly missed: "skip" | "one" | "all";
}

/** A message of a topic that feeds the queue. */
export interface PlannedFeed {
  readonly client: number;
  readonly atMs: number;
  readonly queue: string;
  readonly topic: string;
}

/** The function that works off queues (`consumer`), on these nodes. */
export interface PlannedQueueFunction {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly takesMs: readonly [number, number];
  readonly failureRatio: number;
}

/** How likely a consumer does what with a message; what is left of 1 it acknowledges. */
export interface Habits {
  readonly release: number;
  /** Its lease ends by itself. */
  readonly forget: number;
  /** Twice as long, and then acknowledged. */
  readonly extend: number;
  /** Acknowledged only after its lease has ended. */
  readonly late: number;
}

export interface PlannedConsumer {
  readonly client: number;
  readonly queue: string;
  readonly subscription: string | undefined;
  readonly atMs: number;
  readonly forMs: number;
  readonly max: number;
  readonly waitMs: number;
  readonly visibilityMs: number | undefined;
  /** How long it takes for a message, at least and at most. */
  readonly takesMs: readonly [number, number];
  readonly habits: Habits;
}

export interface PlannedWork {
  readonly client: number;
  readonly atMs: number;
  readonly queue: string;
  /** `update`: another visibility; `cancel`: of the redrive that runs. A queue that was deleted is created again once all is quiet. */
  readonly what: "purge" | "delete" | "redrive" | "cancel" | "browse" | "update" | "stats";
}

export type DiskFault = { readonly atMs: number; readonly node: string; readonly forMs: number } & (
  | { readonly kind: "full"; readonly spareBytes: number }
  | { readonly kind: "slow"; readonly syncMs: readonly [number, number] }
  /** The node is started again at its end. */
  | { readonly kind: "failing"; readonly appendFailureRatio: number; readonly syncFailureRatio: number }
);

export interface ClockStep {
  readonly atMs: number;
  readonly node: string;
  readonly byMs: number;
}

export interface QueuesPlan {
  readonly seed: number;
  readonly nodes: readonly { readonly name: string; readonly peers: readonly string[]; readonly store: boolean }[];
  /** Which client knows the addresses of which nodes. */
  readonly clients: readonly { readonly name: string; readonly nodes: readonly string[] }[];
  readonly queues: readonly PlannedQueue[];
  readonly sends: readonly PlannedSend[];
  readonly consumers: readonly PlannedConsumer[];
  readonly work: readonly PlannedWork[];
  readonly faults: readonly Fault[];
  readonly diskFaults: readonly DiskFault[];
  readonly clockSteps: readonly ClockStep[];
  readonly durationMs: number;
  readonly schedules?: readonly PlannedSchedule[] | undefined;
  readonly publishes?: readonly PlannedFeed[] | undefined;
  readonly functions?: readonly PlannedQueueFunction[] | undefined;
  /**
   * Once all is quiet, before the queues are emptied: those that are gone are created again, since messages may be kept for them, and all dead letters are
   * redriven. `restarts`: the nodes that have them are started again meanwhile.
   */
  readonly ending?: { readonly restarts: boolean } | undefined;
}
