/**
 * The message that every contestant carries, and how a receiver sees that one is missing.
 *
 * A body says who published it, as which of its messages, and when it was due. Whoever gets it back changed, or not at all,
 * gets no figure for it.
 */

export const bodyBytes = 128;

/** Who publishes what; and the pattern with wildcards that all subscribers have. */
export const topics = Array.from({ length: 100 }, (_, index) => `orders.eu.${index}.created`);
export const pattern = "orders.*.*.created";

/** Publishes nothing that counts: what it publishes says that a subscriber is reached. */
export const probe = 0xff_ff_ff_ff;

const fill = "x".charCodeAt(0);
const slabBytes = 512 * bodyBytes;
let slab = Buffer.alloc(0);
let used = 0;

/**
 * As cheap as it gets, for what it costs is in everybody's rate: cut from memory that was filled at once.
 *
 * @param {number} publisher
 * @param {number} sequence
 * @param {number} dueUs of the clock that processes share; what counts are its lower 32 bits
 * @returns {Buffer} of its own: clients may keep it until it is written
 */
export function makeBody(publisher, sequence, dueUs) {
  if (used === slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes).fill(fill);
    used = 0;
  }
  const body = slab.subarray(used, (used += bodyBytes));
  body.writeUInt32LE(sequence, 0);
  body.writeUInt32LE(publisher, 4);
  body.writeUInt32LE(low32(dueUs), 8);
  return body;
}

/**
 * @param {Uint8Array} body
 * @param {number} nowUs of the clock that processes share, which two of them read with a few microseconds between
 * @returns {number} since it was due, not below 0; right for half an hour
 */
export function sinceDueUs(body, nowUs) {
  return Math.max(0, (low32(nowUs) - readUInt32(body, 8)) | 0);
}

/** @param {number} us */
function low32(us) {
  return Math.floor(us % 2 ** 32) >>> 0;
}

/** By hand: what clients give is not always a Buffer. @param {Uint8Array} bytes @param {number} at */
function readUInt32(bytes, at) {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/**
 * What one subscription has got, of each publisher.
 *
 * (M1) A publisher's messages are numbered from 0 without a gap: a number that was passed over is missing, also the first.
 * (M2) A number below the one that is next came twice, or late: it is counted by itself, fills no gap, and no rate counts it.
 */
export class Received {
  /** Of each publisher, the number that is next. @type {number[]} */
  #next = [];
  /** Whether a probe has come. */
  isReached = false;
  messages = 0;
  skipped = 0;
  disordered = 0;

  /**
   * @param {Uint8Array} body
   * @returns {boolean} whether it counts: it came in its turn
   */
  take(body) {
    if (body.length !== bodyBytes || body[bodyBytes - 1] !== fill) {
      throw new Error(`A body of ${body.length} bytes came that is not what was published`);
    }
    const sequence = readUInt32(body, 0);
    const publisher = readUInt32(body, 4);
    if (publisher === probe) {
      this.isReached = true;
      return false;
    }
    this.messages++;
    const next = this.#next[publisher] ?? 0;
    if (sequence < next) {
      this.disordered++; // (M2)
      return false;
    }
    this.skipped += sequence - next; // (M1)
    this.#next[publisher] = sequence + 1;
    return true;
  }
}
