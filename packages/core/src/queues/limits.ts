/** Limits: the bounds of the queues of one node. Every one has a default, and exceeding it a stated end. */
export interface QueuesLimits {
  /** Queues. `overloaded` beyond. */
  readonly queuesMax: number;
  /** Messages of one send. `too-large` beyond. */
  readonly sendMessagesMax: number;
  /** Bytes of the messages of one send, as they are kept. `too-large` beyond. */
  readonly sendBytesMax: number;
  /** Messages of one receive; it gets no more. */
  readonly receiveMessagesMax: number;
  /** Bytes of the messages of one receive or browse, as they are kept; it gets no more once it has as many. */
  readonly receiveBytesMax: number;
  /** Receipts of one operation. `too-large` beyond. */
  readonly receiptsMax: number;
  /** Messages of one browse; it gets no more. */
  readonly browseMessagesMax: number;
  /** Receives that wait at one queue. `overloaded` beyond. */
  readonly waitersMax: number;
  /** Messages of receives with an `attempt` that one queue remembers. Beyond, the oldest are forgotten. */
  readonly attemptMessagesMax: number;
  /**
   * Dedup ids that one queue remembers, and idempotency keys: about 250 bytes of memory each, as long as their windows are. `overloaded` beyond. A `Map` has at most
   * 16.7 million entries.
   */
  readonly rememberedMax: number;
  /** For how long a receive may wait, in ms; it waits no longer. */
  readonly waitMsMax: number;
  /** Subscriptions of one queue. `overloaded` beyond. */
  readonly subscriptionsMax: number;
  /** Schedules of one queue. `overloaded` beyond. */
  readonly schedulesMax: number;
  /** Ids that one message may wait for (`after`). `too-large` beyond. */
  readonly afterMax: number;
  /** Headers of one message, and attributes. `too-large` beyond. */
  readonly headersMax: number;
  /** UTF-8 bytes of ids, groups, dedup ids and keys, each. `too-large` beyond. */
  readonly idBytesMax: number;
  /** Results that one queue keeps, and their bytes. Beyond, the oldest are forgotten. */
  readonly resultsMax: number;
  readonly resultsBytesMax: number;
  /** Bytes of one result. Beyond, that is told instead (`too-large`). */
  readonly resultBytesMax: number;
  /** Bytes of messages of durable queues that are kept in memory, too; the others are read when they are received. */
  readonly bodiesBytesMax: number;
  /**
   * Messages of one queue that are available and have all that belongs to them in memory; of what is behind them little more is kept than where it is,
   * but for messages with an id, a delay, a TTL or a key of their own, the first of each group, and those of queues with subscriptions.
   */
  readonly awakeMessagesMax: number;
  /** Messages that this node keeps for queues that are elsewhere. `overloaded` beyond. */
  readonly spoolMessagesMax: number;
  /** The same in bytes. */
  readonly spoolBytesMax: number;
  /**
   * For how long a message waits in the spool for a queue that no node has, in ms since it came there. Beyond, it is set aside: it stays, takes room, and is
   * handed on only when somebody says so.
   */
  readonly spoolAgeMsMax: number;
}

export const defaultQueuesLimits: QueuesLimits = {
  queuesMax: 10_000,
  sendMessagesMax: 1_000,
  sendBytesMax: 16 * 1024 * 1024,
  receiveMessagesMax: 1_000,
  receiveBytesMax: 16 * 1024 * 1024,
  receiptsMax: 1_000,
  browseMessagesMax: 1_000,
  waitersMax: 100_000,
  attemptMessagesMax: 100_000,
  rememberedMax: 4_000_000,
  waitMsMax: 60 * 60_000,
  subscriptionsMax: 1_000,
  schedulesMax: 1_000,
  afterMax: 1_000,
  headersMax: 1_000,
  idBytesMax: 256,
  resultsMax: 10_000,
  resultsBytesMax: 16 * 1024 * 1024,
  resultBytesMax: 1024 * 1024,
  bodiesBytesMax: 32 * 1024 * 1024,
  awakeMessagesMax: 1_000,
  spoolMessagesMax: 100_000,
  spoolBytesMax: 256 * 1024 * 1024,
  spoolAgeMsMax: 7 * 24 * 60 * 60_000,
};
