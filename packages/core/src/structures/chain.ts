/**
 * Chain: a doubly linked list whose nodes carry their own links, so that any of them can leave at once.
 *
 * An array moves what is behind a removed item, and the engine's `Set` is slow to find its first entry after many
 * entries have left at the front.
 *
 * (C1) A node is in at most one chain; outside of any it refers to nothing.
 */

/** What a chain links. Both fields belong to the chain; initialise them with `undefined`. */
export interface ChainNode<N> {
  previous: N | undefined;
  next: N | undefined;
}

export class Chain<N extends ChainNode<N>> {
  #first: N | undefined;
  #last: N | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): N | undefined {
    return this.#first;
  }

  get last(): N | undefined {
    return this.#last;
  }

  push(node: N): void {
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size += 1;
  }

  /** Removes `node`, which must be inside. */
  remove(node: N): void {
    const { previous, next } = node;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    node.previous = undefined; // (C1)
    node.next = undefined;
    this.#size -= 1;
  }

  /** Puts `node`, which must be inside, behind all others. */
  moveToEnd(node: N): void {
    if (this.#last === node) return;
    this.remove(node);
    this.push(node);
  }
}
