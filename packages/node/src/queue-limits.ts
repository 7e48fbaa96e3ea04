/** Queue limits: the bounds of queues that a user sets among the other limits of a node, by names that stand among those. */
import { type QueuesLimits, defaultQueuesLimits } from "@mpreg/core/queues";

export interface QueueOptions {
  /** Queues of this node. `overloaded` beyond. */
  readonly queuesMax: number;
  /** Receives that wait at one queue. `overloaded` beyond. */
  readonly queueWaitersMax: number;
  /** Dedup ids that one queue remembers, and as many idempotency keys: each takes about 250 bytes of memory. At most 16,000,000. `overloaded` beyond. */
  readonly queueRememberedMax: number;
  /** Messages of receives that one queue remembers, should they be asked again. Beyond, the oldest are forgotten. */
  readonly queueAttemptsMax: number;
  /** Results that one queue keeps. Beyond, the oldest are forgotten. */
  readonly queueResultsMax: number;
  /** The same in bytes. */
  readonly queueResultsBytesMax: number;
  /** Schedules of one queue. `overloaded` beyond. */
  readonly queueSchedulesMax: number;
  /** Subscriptions of one queue. `overloaded` beyond. */
  readonly queueSubscriptionsMax: number;
  /** Bytes of messages of durable queues that are kept in memory, too. The others are read from the disk when they are received. */
  readonly queueBodiesBytesMax: number;
  /** Messages that this node keeps for queues that are elsewhere. `overloaded` beyond. */
  readonly spoolMessagesMax: number;
  /** The same in bytes. */
  readonly spoolBytesMax: number;
  /** For how long one of these waits while no node has its queue, in ms. Beyond, it is set aside. */
  readonly spoolAgeMsMax: number;
}

/** As the core calls them. */
const coreNames: { readonly [O in keyof QueueOptions]: keyof QueuesLimits } = {
  queuesMax: "queuesMax",
  queueWaitersMax: "waitersMax",
  queueRememberedMax: "rememberedMax",
  queueAttemptsMax: "attemptMessagesMax",
  queueResultsMax: "resultsMax",
  queueResultsBytesMax: "resultsBytesMax",
  queueSchedulesMax: "schedulesMax",
  queueSubscriptionsMax: "subscriptionsMax",
  queueBodiesBytesMax: "bodiesBytesMax",
  spoolMessagesMax: "spoolMessagesMax",
  spoolBytesMax: "spoolBytesMax",
  spoolAgeMsMax: "spoolAgeMsMax",
};

const names = Object.keys(coreNames) as (keyof QueueOptions)[];

export const defaultQueueOptions: QueueOptions = Object.fromEntries(
  names.map((name) => [name, defaultQueuesLimits[coreNames[name]]]),
) as unknown as QueueOptions;

/** As the core has them; what no option is for is its default. */
export function queuesLimitsOf(options: QueueOptions): QueuesLimits {
  return { ...defaultQueuesLimits, ...Object.fromEntries(names.map((name) => [coreNames[name], options[name]])) };
}
