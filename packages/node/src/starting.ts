/**
 * Starting: calls that the machine has begun, until their handlers start: at the end of the turn, or of a
 * later one where the event loop was to have a go first (`work-slice.ts`).
 *
 * (S1) They start in the order in which the machine has begun them.
 * (S2) One that nobody waits for any more when it is its turn does not start, and whoever asks in time is told so: its handler
 *      has not begun, and never does.
 * (S3) What ends many while they wait looks for each of them at the cost of one.
 */
import type { Invocation } from "@mpreg/core/rpc";
import { Fifo } from "@mpreg/core/structures";

export class Starting {
  readonly #order = new Fifo<Invocation>();
  /** The numbers of those in `#order`; kept from when they are asked for until none is left: mostly nobody asks. */
  #ids: Set<number> | undefined;
  /** Those that are not to start. */
  readonly #dropped = new Set<number>();

  get size(): number {
    return this.#order.size;
  }

  push(invocation: Invocation): void {
    this.#order.push(invocation);
    this.#ids?.add(invocation.id);
  }

  /** The one whose turn it is. (S1) */
  shift(): Invocation | undefined {
    const invocation = this.#order.shift();
    if (this.#order.size === 0) this.#ids = undefined;
    else if (invocation !== undefined) this.#ids?.delete(invocation.id);
    return invocation;
  }

  /** Keeps the handler of that number from starting; answers whether it had not. (S2) */
  drop(id: number): boolean {
    if (!this.#has(id)) return false;
    this.#dropped.add(id);
    return true;
  }

  /** Whether that one, whose turn it is, is not to start. */
  isDropped({ id }: Invocation): boolean {
    return this.#dropped.size > 0 && this.#dropped.delete(id);
  }

  /** (S3) */
  #has(id: number): boolean {
    if (this.#order.size === 0) return false;
    this.#ids ??= this.#numbers();
    return this.#ids.has(id);
  }

  #numbers(): Set<number> {
    const ids = new Set<number>();
    for (let left = this.#order.size; left > 0; left--) {
      const invocation = this.#order.shift() as Invocation;
      ids.add(invocation.id);
      this.#order.push(invocation);
    }
    return ids;
  }
}
