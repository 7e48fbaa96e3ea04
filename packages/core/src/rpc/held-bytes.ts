/**
 * Held bytes: what everything under way on this node keeps in memory together.
 *
 * Credit for a message comes back when it is admitted, not when it is answered, so that nested calls cannot wait for each
 * other; so what has been admitted and has not ended needs a bound of its own. Beyond it work is refused and never waits.
 *
 * (W1) Arguments count from the admission of their call, step or request to its end; a result from its arrival to the
 *      start of the last step that uses it.
 * (W2) What is refused has not been begun, except a request that is refused one more result.
 */
import { MpregError, type MpregErrorOptions } from "../base/index.js";

export class HeldBytes {
  /** What is held now; whoever begins or ends something adds it and takes it off. (W1) */
  bytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A single one may be larger than the bound. */
  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.#bytesMax || this.bytes === 0;
  }

  /** Why `bytes` more are refused; `what` was to be done with them, which has not been begun. (W2) */
  refusal(what: string, bytes: number, options?: MpregErrorOptions): MpregError {
    const limit = `the limit is ${this.#bytesMax} (limits.heldBytesMax)`;
    const message = `Cannot ${what} ${bytes} bytes: what is under way on this node holds ${this.bytes} already; ${limit}`;
    return new MpregError("overloaded", message, options);
  }
}
