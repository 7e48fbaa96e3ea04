/**
 * Arrivals: which numbers of other nodes' messages have come, and so which are missing (`forwarding.ts`, F3).
 *
 * (A1) What has come with a higher number is not taken afterwards: it has been told as missing, and would be out of order.
 * (A2) A node that was started anew counts anew, from 1.
 */

interface Arrival {
  readonly run: string | undefined;
  sequence: number;
}

/** It came too late, or twice. */
export const late = -1;

export class Arrivals {
  readonly #arrivals = new Map<string, Arrival>();

  get size(): number {
    return this.#arrivals.size;
  }

  /** A message has come from the process `run` of a node: how many are missing just before it, or {@link late}. */
  arrived(nodeId: string, run: string | undefined, sequence: number): number {
    const last = this.#lastOf(nodeId, run);
    if (sequence <= last.sequence) return late; // (A1)
    const missing = sequence - last.sequence - 1;
    last.sequence = sequence;
    return missing;
  }

  /** The node has used `sequence` last: how many are missing by now. */
  until(nodeId: string, run: string | undefined, sequence: number): number {
    const last = this.#lastOf(nodeId, run);
    if (sequence <= last.sequence) return 0;
    const missing = sequence - last.sequence;
    last.sequence = sequence;
    return missing;
  }

  /** Whether something has come from the node since it was forgotten. */
  has(nodeId: string): boolean {
    return this.#arrivals.has(nodeId);
  }

  forget(nodeId: string): void {
    this.#arrivals.delete(nodeId);
  }

  /** (A2) */
  #lastOf(nodeId: string, run: string | undefined): Arrival {
    const known = this.#arrivals.get(nodeId);
    if (known !== undefined && known.run === run) return known;
    const first = { run, sequence: 0 };
    this.#arrivals.set(nodeId, first);
    return first;
  }
}
