/**
 * Publish ledger: how many of the messages that were published over a connection may not have arrived when it breaks.
 *
 * A node says in bytes what it has admitted, not for every message: marks every so many bytes say which messages that were.
 *
 * (E1) It never says too few: what is not known to have arrived counts.
 */

/** The node tells for each quarter of its window; marks are closer than that. */
const markBytes = 32 * 1024;

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

  /** One more was committed. Of all that is sent it ends at `endBytes`; the far side has said that it has `admittedBytes`. */
  published(endBytes: number, admittedBytes: number): void {
    this.#count += 1;
    if (endBytes - this.#markedBytes < markBytes) return;
    this.#markedBytes = endBytes;
    this.#settle(admittedBytes);
    this.#marks.push({ endBytes, count: this.#count });
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
