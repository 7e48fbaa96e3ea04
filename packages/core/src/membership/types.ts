/**
 * What membership wants done: which nodes to reach, and when to try again.
 */

/** Asks the driver to open a connection. The answer is an open link or a failed dial for the same `attempt`. */
export interface Dial {
  readonly url: string;
  /** Number of this attempt, to match the answer. */
  readonly attempt: number;
}

export interface RedialOptions {
  /** First wait after a failed dial. */
  readonly redialMsMin: number;
  /** Longest wait between two dials of the same node. After a link that lasted as long the wait is the first one again. */
  readonly redialMsMax: number;
}

export const defaultRedialOptions: RedialOptions = { redialMsMin: 100, redialMsMax: 5_000 };
