/** Listener: who hears what has become of messages, and what is said of one. */

/** What can become of a message that is told. */
export type MessageEnd =
  | "acknowledged"
  | "dead-letter"
  | "expired"
  | "dropped"
  /** A message of a topic that feeds the queue, which did not come in. */
  | "feed-refused"
  /** Of a message that a node keeps for a queue of another one. */
  | "spool-refused"
  | "spool-retried"
  | "spool-discarded";

/** A message, as far as is told. */
export interface EndedMessage {
  readonly id: string;
  /** Of a queue that has some: whose copy; where it is said of one. */
  readonly subscription?: string;
  /** How often it was received. */
  readonly receives: number;
  /** Wall time. */
  readonly sentMs: number;
  /** Of one that was refused: why. */
  readonly error?: string;
}

/** Who hears of it. */
export interface QueueListener {
  /** Whether anybody may want to. */
  readonly isHeard: boolean;
  ended(queue: string, how: MessageEnd, message: EndedMessage): void;
}
