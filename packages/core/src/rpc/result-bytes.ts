/**
 * Result bytes: what the results of one request take at its coordinator.
 *
 * (C1) What is taken is counted for the request and for the whole node, until it is given back.
 */
import { MpregError } from "../base/index.js";
import type { HeldBytes } from "./held-bytes.js";

export class ResultBytes {
  readonly #held: HeldBytes;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(held: HeldBytes, bytesMax: number) {
    this.#held = held;
    this.#bytesMax = bytesMax;
  }

  /** Counts a result of that many bytes, or answers why there is no room for it. */
  take(bytes: number): MpregError | undefined {
    const total = this.#bytes + bytes;
    if (total > this.#bytesMax) {
      const message = `The results that the request holds take ${total} bytes; the limit is ${this.#bytesMax}`;
      return new MpregError("too-large", message, { outcome: "applied" });
    }
    if (!this.#held.hasRoomFor(bytes)) return this.#held.refusal("keep a result of", bytes, { outcome: "applied" });
    this.#bytes = total; // (C1)
    this.#held.bytes += bytes;
    return undefined;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#held.bytes -= bytes;
  }
}
