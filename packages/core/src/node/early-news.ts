/**
 * Early news: what came before the record of the node that it is of, and has to be asked for when that is there: it would be
 * missed until the next comparison.
 */

const earlyMax = 1_000;

export class EarlyNews {
  /** By node: who has told of it. The last `earlyMax` are remembered. */
  readonly #tellers = new Map<string, string>();

  /** `from` has told something of the node, of which there is no record. */
  came(nodeId: string, from: string): void {
    this.#tellers.delete(nodeId);
    this.#tellers.set(nodeId, from);
    const [oldest] = this.#tellers.keys();
    if (oldest !== undefined && this.#tellers.size > earlyMax) this.#tellers.delete(oldest);
  }

  /** There is a record of the node: whom to ask, once. */
  take(nodeId: string): string | undefined {
    const teller = this.#tellers.get(nodeId);
    this.#tellers.delete(nodeId);
    return teller;
  }
}
