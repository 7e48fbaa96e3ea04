/**
 * The message that every contestant carries, and what a receiver has got of all.
 *
 * A value of plain fields, which each client encodes as it does for its users (JSON, or our codec): about 200 bytes.
 */

/** Of one message as JSON, about: the number and the time in it have as many digits as they need. */
export const bodyBytes = 200;

const note = "x".repeat(125);

/** @typedef {{ number: number, sentUs: number, sku: string, quantity: number, note: string }} Order */

/**
 * @param {number} number from 0, without a gap
 * @param {number} sentUs of the clock that processes share
 * @returns {Order}
 */
export function makeOrder(number, sentUs) {
  return { number, sentUs: Math.floor(sentUs), sku: "abc-123", quantity: 3, note };
}

/**
 * What a receiver has got.
 *
 * (M1) A message that comes again is told apart, and no rate counts it.
 */
export class Received {
  #seen = new Uint8Array(1 << 16);
  /** Different ones. */
  messages = 0;
  repeated = 0;

  /**
   * @param {Order} order
   * @returns {boolean} whether it has come for the first time
   */
  take(order) {
    const { number } = order;
    if (order.note !== note || !Number.isSafeInteger(number) || number < 0) {
      throw new Error(`A message came that is not what was sent: ${JSON.stringify(order).slice(0, 100)}`);
    }
    if (number >= this.#seen.length) {
      const longer = new Uint8Array(Math.max(number + 1, this.#seen.length * 2));
      longer.set(this.#seen);
      this.#seen = longer;
    }
    if (this.#seen[number] === 1) {
      this.repeated++; // (M1)
      return false;
    }
    this.#seen[number] = 1;
    this.messages++;
    return true;
  }
}
