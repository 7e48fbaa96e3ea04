/**
 * Arrivals: which numbers of other nodes' messages have come, and so which are missing (`forwarding.ts`, F3).
 *
 * (A1) What has come with a higher number is not taken afterwards: it has been told as missing, and would be out of order.
 * (A2) A node that was started anew counts anew, from 1. What the process before had sent last, nobody knows; that is told as soon as another
 *      one is known of, since that one need not send anything.
 * (A3) A node that was lost and comes back goes on with its numbers: what it sent meanwhile is missing. At most `nodesMax` are known.
 * (A4) Of a node that has left all has come where its last link ended with its goodbye, which is the last it says there. Where the link
 *      broke instead, or there was none, nobody knows what is missing; nor of one that is lost. Where nothing has come of it, what is missing
 *      was its first: so it is known of each node how its last link ended, whether it has sent anything or not.
 */

interface Arrival {
  readonly run: string | undefined;
  sequence: number;
  /** It is taken for lost. */
  isGone: boolean;
  /** Whether there is a link to it; or how the last one ended. (A4) */
  link: "there" | "complete" | "broken";
  /** It has left, and its link has not ended yet. */
  isLeaving: boolean;
}

/** It came too late, or twice. */
export const late = -1;

const nodesMax = 4_096;

export class Arrivals {
  readonly #arrivals = new Map<string, Arrival>();

  get size(): number {
    return this.#arrivals.size;
  }

  /** A message has come from the process `run` of a node: how many are missing just before it, Infinity if nobody knows, or {@link late}. */
  arrived(nodeId: string, run: string | undefined, sequence: number): number {
    return this.#upTo(nodeId, run, sequence, sequence - 1) ?? late; // (A1)
  }

  /** The node has used `sequence` last: how many are missing by now; Infinity if nobody knows. */
  until(nodeId: string, run: string | undefined, sequence: number): number {
    return this.#upTo(nodeId, run, sequence, sequence) ?? 0;
  }

  /** The number of the node up to which all has come, or is missing. */
  last(nodeId: string): number {
    return this.#arrivals.get(nodeId)?.sequence ?? 0;
  }

  /** Whether there is a link to the node, or something has come from it, since it was forgotten. */
  has(nodeId: string): boolean {
    return this.#arrivals.get(nodeId)?.isGone === false;
  }

  /** There is a link to the process `run` of the node. Answers whether something may be missing of another one. (A2) */
  linked(nodeId: string, run: string): boolean {
    const known = this.#arrivals.get(nodeId);
    if (known === undefined || known.run !== run) {
      this.#keep(nodeId, run, 0);
      return known?.isGone === false;
    }
    if (known.isLeaving) return false; // it has left over another link
    known.link = "there";
    known.isGone = false;
    return false;
  }

  /** It is known that the process `run` of the node has taken the place of another one. Answers whether something may be missing of that. (A2) */
  replaced(nodeId: string, run: string): boolean {
    return this.#arrivals.get(nodeId)?.run !== run && this.forget(nodeId, false);
  }

  /** What has come from the node has come over a neighbour: how its way ends nobody says. (A4) */
  over(nodeId: string): void {
    const known = this.#arrivals.get(nodeId);
    if (known !== undefined) known.link = "broken";
  }

  /** The node is lost, or has left. Answers whether something of it may be missing; of one whose link is there, {@link unlinked} does. */
  forget(nodeId: string, hasLeft: boolean): boolean {
    const known = this.#arrivals.get(nodeId);
    if (known === undefined) return true; // what was on its way over a neighbour may have been the first (A4)
    if (known.isGone) return false;
    known.isGone = true;
    known.isLeaving = hasLeft && known.link === "there";
    return !known.isLeaving && (!hasLeft || known.link === "broken");
  }

  /** The last link to the node is gone; `isComplete`: with its goodbye. Answers whether something may be missing of a node that has left. (A4) */
  unlinked(nodeId: string, isComplete: boolean): boolean {
    const known = this.#arrivals.get(nodeId);
    if (known === undefined) return false;
    known.link = isComplete ? "complete" : "broken";
    const isMissing = known.isLeaving && !isComplete;
    known.isLeaving = false;
    return isMissing;
  }

  /** `sequence` has come, and all up to `missing` should have come; `undefined` if it had come before. */
  #upTo(nodeId: string, run: string | undefined, sequence: number, missing: number): number | undefined {
    const known = this.#arrivals.get(nodeId);
    if (known !== undefined && known.run === run) {
      known.isGone = known.isLeaving = false; // (A3)
      known.link = "there";
      if (sequence <= known.sequence) return undefined;
      const count = missing - known.sequence;
      known.sequence = sequence;
      return count;
    }
    this.#keep(nodeId, run, sequence);
    return known?.isGone === false ? Infinity : missing; // (A2)
  }

  #keep(nodeId: string, run: string | undefined, sequence: number): void {
    this.#arrivals.delete(nodeId);
    this.#arrivals.set(nodeId, { run, sequence, isGone: false, link: "there", isLeaving: false });
    if (this.#arrivals.size > nodesMax) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const nodeId of this.#arrivals.keys()) return void this.#arrivals.delete(nodeId);
  }
}
