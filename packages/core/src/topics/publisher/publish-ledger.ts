/**
 * Publish ledger: how many of the messages that were published over a connection may not have arrived when it breaks.
 *
 * A node says in bytes what it has admitted, not for every message: marks every so many bytes say which messages that were.
 *
 * (E1) It never says too few: what is not known to have arrived counts.
 * (E2) By itself the node tells for each quarter of its window, which may be all that a program publishes in an hour: so it is asked.
 */

/** The node tells for each quarter of its window; marks are closer than that. */
const markBytes = 32 * 1024;

/** How long after a question comes the next: what was published since may count as lost, and asking costs three small messages. */
export const askMs = 100;

interface Mark {
  readonly endBytes: number;
  /** Messages that had been published until there. */
  readonly count: number;
}

export class PublishLedger {
  #marks: Mark[] = [];
  #count = 0;
  /** Of those, so many have arrived. */
  #arrived = 0;
  #markedBytes = 0;
  /** When the node was asked last, and how many messages had been published then. */
  #askedMs = -Infinity;
  #askedCount = 0;

  /** One more was committed. Of all that is sent it ends at `endBytes`; the far side has said that it has `admittedBytes`. */
  published(endBytes: number, admittedBytes: number): void {
    this.#count += 1;
    if (endBytes - this.#markedBytes >= markBytes) this.#mark(endBytes, admittedBytes);
  }

  /**
   * Whether the node is to be asked, at `nowMs`, what it has admitted: behind all that was published, which ends at `endBytes`. It is
   * then taken for asked. (E2)
   */
  asks(endBytes: number, admittedBytes: number, nowMs: number): boolean {
    if (this.#count === this.#askedCount) return false;
    if (nowMs - this.#askedMs < askMs && nowMs >= this.#askedMs) return false;
    this.#askedMs = nowMs;
    this.#askedCount = this.#count;
    this.#mark(endBytes, admittedBytes);
    return true;
  }

  /** All that was published until now has arrived: the far side has answered what came behind it. */
  answered(count: number): void {
    this.#arrived = Math.max(this.#arrived, count);
  }

  /** Messages that were published. */
  get count(): number {
    return this.#count;
  }

  /** How many may not have arrived. (E1) */
  unknown(admittedBytes: number): number {
    this.#settle(admittedBytes);
    return this.#count - this.#arrived;
  }

  #mark(endBytes: number, admittedBytes: number): void {
    this.#markedBytes = endBytes;
    this.#settle(admittedBytes);
    this.#marks.push({ endBytes, count: this.#count });
  }

  #settle(admittedBytes: number): void {
    let settled = 0;
    for (const { endBytes, count } of this.#marks) {
      if (endBytes > admittedBytes) break;
      this.#arrived = Math.max(this.#arrived, count);
      settled += 1;
    }
    if (settled > 0) this.#marks.splice(0, settled);
  }
}
