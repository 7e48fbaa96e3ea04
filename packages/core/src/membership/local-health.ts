/**
 * Local health: how far this node may trust its own clock and its own doubts.
 *
 * Lifeguard's local health multiplier (Dadgar, Phillips, Currey: "Lifeguard: Local Health Awareness for More Accurate
 * Failure Detection", 2018, §IV-A): a score from 0 (healthy) to `scoreMax`, by which timeouts grow, so that a slow node
 * doubts itself first.
 *
 * (H1) The score stays within 0 and `scoreMax`.
 * (H2) A timer that fires late says that this node was not running, not that others were silent.
 */

/** As in hashicorp/memberlist (`AwarenessMaxMultiplier`). */
const scoreMax = 8;

export class LocalHealth {
  #score = 0;

  /** 0 = healthy. */
  get score(): number {
    return this.#score;
  }

  /** A probe was answered in time. */
  succeeded(): void {
    this.#score = Math.max(0, this.#score - 1); // (H1)
  }

  /** A probe was not answered, this node had to refute a suspicion, or one of its own timers was late. */
  failed(): void {
    this.#score = Math.min(scoreMax, this.#score + 1); // (H1)
  }

  /** A timeout, longer the less this node may trust itself. */
  scaled(timeoutMs: number): number {
    return timeoutMs * (this.#score + 1);
  }
}

/** A timer that fires later than this was held up, with everything else on this node. (H2) */
export const lateMs = 50;
