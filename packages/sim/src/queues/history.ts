/**
 * History: what was asked of the queues of a world, and what came of it. Checkers judge by nothing else.
 *
 * Times are the world's. `askedMs` is before the owner can have heard of it, `endMs` after it has done it; what has not ended, or
 * ended without anybody knowing how, may be done at any time.
 */
import { isA, MpregError } from "@mpreg/core/base";
import type { DeadLetter } from "@mpreg/core/queues";
import type { PlannedQueue, PlannedSchedule, QueuesPlan } from "./plan.js";

/** How something ended. `unknown`: it may have been done, or may still be. */
export type Ended<Done> =
  | { readonly kind: "waits" }
  | { readonly kind: "unknown"; readonly code: string; readonly atMs: number }
  /** Nothing was done. */
  | { readonly kind: "refused"; readonly code: string; readonly why: string; readonly atMs: number }
  | ({ readonly kind: "done"; readonly atMs: number } & Done);

export interface SentMessage {
  readonly index: number;
  readonly client: number;
  readonly queue: string;
  readonly group: string | undefined;
  readonly dedup: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly delayMs: number;
  readonly askedMs: number;
  /** The first one of its batch. */
  readonly batch: number | undefined;
  /** These are done before it is received. */
  readonly after: readonly SentMessage[];
  /** What becomes of it is kept. */
  readonly keepResult: boolean;
  /** `spooled`: another node keeps it for the queue; it has no sequence yet. So is what was not sent by a client, or by one that is told of its result only; it has no `id`. */
  end: Ended<{
    readonly id: string;
    readonly sequence: number;
    readonly duplicate: boolean;
    readonly spooled: boolean;
  }>;
}

/** What a receipt stands for: the lease of this number that this run of the owner has given. */
export interface LeaseName {
  readonly run: string;
  readonly queue: number;
  readonly sequence: number;
  readonly lane: number;
  readonly lease: number;
}

/** One thing that a receiver did with a lease. */
export interface Settling {
  readonly what: "ack" | "release" | "extend";
  /** Of an acknowledgement: what whoever waits for the message is told. */
  readonly result: string | undefined;
  readonly askedMs: number;
  /** Of an extension. */
  readonly visibilityMs: number;
  end: Ended<object>;
}

/** A message that a receiver got. */
export interface Delivery {
  readonly message: SentMessage;
  readonly queue: string;
  readonly subscription: string | undefined;
  readonly lease: LeaseName;
  readonly id: string;
  readonly receives: number;
  /** Number of the receive that brought it. */
  readonly receive: number;
  readonly visibleForMs: number;
  readonly deadLetter: DeadLetter | undefined;
  /** When its receiver asked for it, and when it came. */
  readonly askedMs: number;
  readonly gotMs: number;
  readonly settlings: Settling[];
}

/** Something that removes messages. */
export interface Wiping {
  readonly queue: string;
  readonly what: "purge" | "delete";
  readonly askedMs: number;
  end: Ended<object>;
}

/** What a queue has told of itself. */
export interface Looked {
  readonly queue: string;
  readonly messages: number;
  readonly bytes: number;
}

/** What somebody has seen in a queue, in its order. */
export interface Browsed {
  readonly queue: string;
  readonly askedMs: number;
  readonly atMs: number;
  /** `death`: why it is a dead letter. */
  readonly messages: readonly {
    readonly message: SentMessage;
    readonly sequence: number;
    readonly death: DeadLetter["reason"] | undefined;
  }[];
}

/** Somebody has had dead letters moved back. */
export interface RedriveAsked {
  readonly queue: string;
  readonly askedMs: number;
  end: Ended<object>;
  /** It was known to be over then. */
  overMs: number;
}

/** A schedule of a queue. */
export interface ScheduleMade {
  readonly plan: PlannedSchedule;
  readonly askedMs: number;
  /** `nextMs`: when it was to be due first, in wall time of the owner. */
  end: Ended<{ readonly nextMs: number }>;
  /** How it stood in the end. */
  last: { readonly nextMs: number; readonly sent: number } | undefined;
  /** What it has sent, by the time for which it was due. */
  readonly messages: Map<number, SentMessage>;
}

/** A function has begun with a message of a queue. */
export interface Execution {
  readonly message: SentMessage;
  readonly atMs: number;
  /** What it has answered. */
  result: string | undefined;
}

/** Somebody has asked what has become of a message. */
export interface ResultAsked {
  readonly message: SentMessage;
  readonly askedMs: number;
  /** All was done by then. */
  readonly isLast: boolean;
  end: Ended<{ readonly result: unknown }>;
}

/** A message that nobody has sent. */
export interface Stray {
  readonly queue: string;
  readonly value: unknown;
}

export class History {
  readonly queues: ReadonlyMap<string, PlannedQueue>;
  /** Nothing befalls anything. */
  readonly isCalm: boolean;
  /** Queues of which consumers take several messages at once: one of those may fail for good before one in front of it. */
  readonly severalAtOnce: ReadonlySet<string>;
  /** What is gone is created again while messages may be kept for it. */
  readonly isRevived: boolean;
  /** Somebody has set a clock: what goes on over a restart goes on by it. */
  readonly hasClockSteps: boolean;
  readonly sent: SentMessage[] = [];
  readonly deliveries: Delivery[] = [];
  readonly wipings: Wiping[] = [];
  readonly looked: Looked[] = [];
  readonly browsed: Browsed[] = [];
  readonly redrives: RedriveAsked[] = [];
  readonly schedules: ScheduleMade[] = [];
  readonly executions: Execution[] = [];
  /** When messages were taken back. */
  readonly withdrawn: Map<SentMessage, number> = new Map();
  readonly strays: Stray[] = [];
  readonly results: ResultAsked[] = [];
  /** When nodes have gone down, and with each the queues that it had in memory. */
  readonly crashed: Map<string, number[]> = new Map();
  /** Nodes whose disks have had no room, or have failed: dead letters may be refused there. */
  readonly troubled: ReadonlySet<string>;
  /** When queues that were deleted, or had been in memory, were created again. */
  readonly reborn: Map<string, number[]> = new Map();

  constructor({
    queues,
    clockSteps,
    diskFaults,
    ending,
    faults = [],
    consumers = [],
  }: Pick<QueuesPlan, "queues" | "clockSteps" | "diskFaults" | "ending"> &
    Partial<Pick<QueuesPlan, "faults" | "consumers">>) {
    this.severalAtOnce = new Set(consumers.flatMap(({ queue, max }) => (max > 1 ? [queue] : [])));
    this.isCalm = faults.length + clockSteps.length + diskFaults.length === 0;
    this.isRevived = ending !== undefined;
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
    this.hasClockSteps = clockSteps.length > 0;
    this.troubled = new Set(diskFaults.flatMap(({ kind, node }) => (kind === "slow" ? [] : [node])));
  }

  queueOf(name: string): PlannedQueue {
    return this.queues.get(name) as PlannedQueue;
  }

  /** Whether what it had may be gone with its node. */
  isForgetful(name: string): boolean {
    const { settings, owner } = this.queueOf(name);
    return settings.guarantee?.kind === "fire-and-forget" || (settings.durable === false && this.crashed.has(owner));
  }

  /** Whether a message of it is done with one acknowledgement. */
  isOnce(name: string): boolean {
    const { guarantee } = this.queueOf(name).settings;
    return guarantee === undefined || guarantee.kind === "at-least-once";
  }

  /** How often it had been created again. */
  livesBy(name: string, atMs: number): number {
    return this.reborn.get(name)?.filter((bornMs) => bornMs <= atMs).length ?? 0;
  }

  /** It is about to be created again. */
  born(name: string, atMs: number): void {
    this.reborn.set(name, [...(this.reborn.get(name) ?? []), atMs]);
  }

  /** A node has gone down. */
  down(node: string, atMs: number): void {
    const before = this.crashed.get(node);
    if (before === undefined) this.crashed.set(node, [atMs]);
    else before.push(atMs);
  }

  /** Whether the owner of the queue has gone down between the two. */
  hasCrashed(name: string, fromMs: number, toMs: number): boolean {
    return (this.crashed.get(this.queueOf(name).owner) ?? []).some((atMs) => atMs >= fromMs && atMs <= toMs);
  }

  /** Whether it may have been removed by a purge or a deletion, here or as a dead letter. */
  mayBeWiped({ queue, askedMs }: SentMessage): boolean {
    const { deadLetter } = this.queueOf(queue).settings;
    return this.wipings.some(({ queue: of, end }) => {
      return (of === queue || of === deadLetter) && end.kind !== "refused" && askedMs < endMsOf(end);
    });
  }

  /** Whether it may leave its queue otherwise than acknowledged, here or as a dead letter: it expires, makes room, was purged. */
  mayLeave(message: SentMessage): boolean {
    const { settings } = this.queueOf(message.queue);
    if (this.isForgetful(message.queue) || settings.ttlMs !== undefined || settings.overflow === "drop-oldest")
      return true;
    return this.mayBeWiped(message);
  }

  /** Deliveries of each message. */
  byMessage(): ReadonlyMap<SentMessage, readonly Delivery[]> {
    const all = new Map<SentMessage, Delivery[]>(this.sent.map((message) => [message, []]));
    for (const delivery of this.deliveries) all.get(delivery.message)?.push(delivery);
    return all;
  }

  /** Deliveries of each entry: of one message in one lane of one queue, in the order in which they came. */
  byEntry(): ReadonlyMap<string, readonly Delivery[]> {
    return grouped(this.deliveries, ({ queue, lease, askedMs }) => {
      return `${queue} ${this.livesBy(queue, askedMs)} ${lease.queue}.${lease.sequence}.${lease.lane}`;
    });
  }
}

/** A FIFO group in one line of its queue; `undefined` where there are none, or messages are done as they are received. */
export function groupOf(history: History, { queue, subscription, message, askedMs }: Delivery): string | undefined {
  const { settings } = history.queueOf(queue);
  if (settings.order !== "fifo" || settings.guarantee?.kind === "fire-and-forget") return undefined;
  return `${queue}/${subscription ?? ""}/${message.group ?? ""}/${history.livesBy(queue, askedMs)}`;
}

export type Tell = (guarantee: string, message: string) => void;

/** What has the same key, in its order. */
export function grouped<T>(all: readonly T[], keyOf: (each: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    const before = groups.get(key);
    if (before === undefined) groups.set(key, [each]);
    else before.push(each);
  }
  return groups;
}

/** When it has ended; of what nobody knows, never. */
export function endMsOf(end: Ended<object>): number {
  return end.kind === "done" || end.kind === "refused" ? end.atMs : Infinity;
}

/** Whether the acknowledgement of a delivery was answered as done. */
export function ackOf({ settlings }: Delivery): Settling | undefined {
  return settlings.find(({ what, end }) => what === "ack" && end.kind === "done");
}

/** Whether it may have been acknowledged. */
export function mayBeAcknowledged({ settlings }: Delivery): boolean {
  return settlings.some(({ what, end }) => what === "ack" && end.kind !== "refused");
}

/** What something was refused with, or how it ended without anybody knowing. */
export function failed(error: unknown, atMs: number): Ended<never> {
  if (!isA(error, MpregError)) throw error;
  const { code, message, outcome } = error;
  return outcome === "not-applied" ? { kind: "refused", code, why: message, atMs } : { kind: "unknown", code, atMs };
}

export function leaseOf(receipt: string): LeaseName {
  const [run = "", ...numbers] = receipt.split(".");
  const [queue = 0, sequence = 0, lane = 0, lease = 0] = numbers.map((text) => Number.parseInt(text, 36));
  return { run, queue, sequence, lane, lease };
}

export function nameOf({ index, queue, client, askedMs }: SentMessage): string {
  return `message ${index} (queue "${queue}", of client-${client}, ${askedMs.toFixed(1)} ms)`;
}

export function deliveryName({ message, queue, subscription, lease, askedMs, gotMs }: Delivery): string {
  const where = `${queue}${subscription === undefined ? "" : `/${subscription}`}`;
  return `lease ${lease.run}.${lease.sequence}.${lease.lease} of message ${message.index} from "${where}" (${askedMs.toFixed(1)} to ${gotMs.toFixed(1)} ms)`;
}
