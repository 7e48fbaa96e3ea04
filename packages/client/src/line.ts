/**
 * Line: what is asked waits in line while too much is under way, or nobody can be asked.
 *
 * A node refuses what goes beyond the calls that it takes from one link, and a program that asks for much at once should
 * not have to know: what it asks for waits here, encoded, until something else has ended.
 *
 * (Q1) Asks leave in the order in which they came; none overtakes.
 * (Q2) At most `asksMax` wait, and `bytesMax` with what the link has queued; a single ask may be larger.
 * (Q3) What is withdrawn is let go at once.
 */
import { MpregError } from "@mpreg/core/base";
import { Fifo, IdMap } from "@mpreg/core/structures";
import type { Pending } from "./pending.js";

/** A place in line. */
interface Place {
  /** `undefined` when it was given up. */
  pending: Pending | undefined;
  readonly bytes: number;
}

export interface LineLimits {
  readonly asksMax: number;
  readonly bytesMax: number;
}

export class Line {
  readonly #limits: LineLimits;
  readonly #places = new IdMap<Place>();
  #order = new Fifo<Place>();
  #bytes = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** How many wait. */
  get size(): number {
    return this.#places.size;
  }

  /** How many places are kept, those of withdrawn asks included. */
  get kept(): number {
    return this.#order.size;
  }

  has(id: number): boolean {
    return this.#places.has(id);
  }

  /** Puts an ask at the end. `linkBytes` wait in the link. Throws `overloaded` when there is no room. (Q2) */
  add(pending: Pending, linkBytes: number): void {
    const { asksMax, bytesMax } = this.#limits;
    const waitingBytes = linkBytes + this.#bytes;
    const { bytes } = pending;
    if (this.size >= asksMax) {
      throw overloaded(`${this.size} others wait to be sent already; the limit is ${asksMax} (queueMax of connect)`);
    }
    if (waitingBytes > 0 && waitingBytes + bytes > bytesMax) throw bytesOverloaded(waitingBytes, bytesMax);
    // those that were withdrawn keep their place in the order, but not for ever
    if (this.#order.size >= 2 * asksMax) this.#compact();
    const place = { pending, bytes };
    this.#places.set(pending.id, place);
    this.#order.push(place);
    this.#bytes += bytes;
  }

  /** The one whose turn it is. (Q1) */
  get first(): Pending | undefined {
    for (;;) {
      const place = this.#order.first;
      if (place === undefined || place.pending !== undefined) return place?.pending;
      this.#order.shift();
    }
  }

  /** Removes an ask; answers whether it waited here. (Q3) */
  remove(id: number): boolean {
    const place = this.#places.take(id);
    if (place === undefined) return false;
    place.pending = undefined;
    this.#bytes -= place.bytes;
    return true;
  }

  #compact(): void {
    const order = new Fifo<Place>();
    for (let place = this.#order.shift(); place !== undefined; place = this.#order.shift()) {
      if (place.pending !== undefined) order.push(place);
    }
    this.#order = order;
  }
}

/** More bytes wait to be sent than may. */
export function bytesOverloaded(waitingBytes: number, bytesMax: number): MpregError {
  return overloaded(
    `${waitingBytes} bytes wait to be sent already; the limit is ${bytesMax} (queueBytesMax of connect)`,
  );
}

function overloaded(why: string): MpregError {
  return new MpregError("overloaded", `Cannot send: ${why}`);
}
