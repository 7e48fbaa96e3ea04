/**
 * A client's end of a link, written by docs/protocol.md and nothing else: as little as is needed to load a node with bytes that cost the
 * loader next to nothing, so that what is measured is the node.
 */
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";

export const kinds = { publish: 0x30, taken: 0x32, deliver: 0x33, subscribe: 0xb1 };
const own = {
  hello: 0x01,
  open: 0x03,
  goodbye: 0x04,
  credit: 0x05,
  pong: 0x07,
  answer: 0x10,
  failure: 0x11,
  ping: 0x86,
};
const uncounted = new Set([0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x86]);

const windowBytes = 16 * 1024 * 1024;
const messageBytesMax = 1024 * 1024;
const chunkBytes = 128 * 1024;
const prefixBytes = 5;

/** @param {Buffer} bytes @param {number} at @returns {{ value: number, end: number }} a varint */
export function readVarint(bytes, at) {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at };
    scale *= 128;
  }
}

/** @param {number} value @returns {number[]} as a varint */
export function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** @param {string} content @returns {Buffer} */
export function text(content) {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from(varint(bytes.length)), bytes]);
}

/** @param {number} value @returns {number[]} */
export const u32 = (value) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];

/** @param {number} kind @param {...(readonly number[] | Uint8Array)} parts @returns {Buffer} a whole message */
export function message(kind, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...u32(1 + body.length), kind]), body]);
}

/** The texts of a message, for people. @param {Buffer} bytes */
function printable(bytes) {
  return bytes
    .toString("latin1")
    .replaceAll(/[^ -~]+/g, " ")
    .trim();
}

/**
 * Connects, and is open when it resolves.
 *
 * @param {string} url
 * @param {(kind: number, bytes: Buffer, start: number, end: number) => void} onMessage the body of each message that is not the
 *   link's own, in the bytes of its frame
 */
export async function openLink(url, onMessage) {
  // a mask of zeros changes nothing, and is not applied: what masking costs is the client's, and is not what is measured
  const generateMask = (/** @type {Buffer} */ mask) => void mask.fill(0);
  const socket = new WebSocket(url, "mpreg.v2", { perMessageDeflate: false, maxPayload: 2 ** 30, generateMask });
  const link = new Link(socket, onMessage);
  await new Promise((resolve, reject) => {
    link.onOpen = resolve;
    link.onEarlyEnd = reject;
    socket.once("error", reject);
    socket.once("open", () => {
      const limits = [...u32(messageBytesMax), ...u32(windowBytes)];
      link.add(message(own.hello, [2, 2], randomBytes(32), limits, [0]));
    });
  });
  return link;
}

class Link {
  #socket;
  #onMessage;
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #used = 0;
  /** Bytes of counted messages: admitted here and told, sent, and those of which the other end has said that it has admitted them. */
  #admitted = 0;
  #told = 0;
  #sent = 0;
  #credited = 0;
  #isOpen = false;
  #isEnded = false;
  /** @type {Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>} */
  #asks = new Map();
  #lastAsk = 0;
  /** Who waits for credit. @type {((value?: unknown) => void)[]} */
  #waiting = [];
  onOpen = (/** @type {unknown} */ _value) => {};
  onEarlyEnd = (/** @type {Error} */ _error) => {};

  /** @param {WebSocket} socket @param {Parameters<typeof openLink>[1]} onMessage */
  constructor(socket, onMessage) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on("message", (frame) => this.#readFrame(/** @type {Buffer} */ (frame)));
    socket.on("close", (code, reason) => this.#end(new Error(`The node has ended the link: ${code} ${reason}`)));
  }

  /**
   * Room for a message of so many bytes, prefix and all, that the caller fills at once; it goes out with the turn.
   *
   * @param {number} length
   * @returns {{ chunk: Buffer, at: number }}
   */
  room(length) {
    if (this.#used + length > this.#chunk.length) {
      this.#flush();
      if (length > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(length);
    }
    if (this.#used === 0) process.nextTick(() => this.#flush());
    const at = this.#used;
    this.#used += length;
    return { chunk: this.#chunk, at };
  }

  /** Says that a message with that size costs credit. @param {number} length */
  count(length) {
    this.#sent += length;
  }

  /** @param {Buffer} whole a message */
  add(whole) {
    if (this.#isOpen && !uncounted.has(whole[4]) && whole[4] !== kinds.taken) this.count(whole.length);
    const { chunk, at } = this.room(whole.length);
    whole.copy(chunk, at);
  }

  /** @param {number} kind @param {...(readonly number[] | Uint8Array)} parts behind the id @returns {Promise<unknown>} when it is answered */
  ask(kind, ...parts) {
    const id = ++this.#lastAsk;
    return new Promise((resolve, reject) => {
      this.#asks.set(id, { resolve, reject });
      this.add(message(kind, u32(id), ...parts));
    });
  }

  /** When less than half of the other end's window is under way. */
  async hasRoom() {
    while (this.#sent - this.#credited > windowBytes / 2) {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  #flush() {
    if (this.#used === 0) return;
    this.#socket.send(this.#chunk.subarray(0, this.#used));
    this.#chunk = Buffer.allocUnsafe(chunkBytes);
    this.#used = 0;
  }

  /** Whoever waits for an answer is told of it; where nobody does, nobody is prepared for it. @param {Error} error */
  #end(error) {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#isOpen && this.#asks.size === 0) throw error;
    this.onEarlyEnd(error);
    for (const { reject } of this.#asks.values()) reject(error);
  }

  /** @param {Buffer} frame */
  #readFrame(frame) {
    for (let start = 0; start < frame.length;) {
      const end = start + 4 + frame.readUInt32BE(start);
      const kind = frame[start + 4];
      if (uncounted.has(kind)) this.#readOwn(kind, frame, start + prefixBytes, end);
      else {
        this.#admitted += end - start;
        if (kind === own.answer || kind === own.failure) this.#readAnswer(kind, frame, start + prefixBytes, end);
        else this.#onMessage(kind, frame, start + prefixBytes, end);
      }
      start = end;
    }
    if (this.#admitted - this.#told >= windowBytes / 4) {
      this.#told = this.#admitted;
      this.add(message(own.credit, varint(this.#admitted)));
    }
  }

  /** @param {number} kind @param {Buffer} bytes @param {number} start @param {number} end */
  #readOwn(kind, bytes, start, end) {
    if (kind === own.open) {
      this.#isOpen = true;
      this.onOpen(undefined);
    } else if (kind === own.credit) {
      this.#credited = readVarint(bytes, start).value;
      for (const resolve of this.#waiting.splice(0)) resolve();
    } else if (kind === own.ping) this.add(message(own.pong, bytes.subarray(start, end)));
    else if (kind === own.goodbye)
      this.#end(new Error(`The node says goodbye: ${printable(bytes.subarray(start, end))}`));
  }

  /** @param {number} kind @param {Buffer} bytes @param {number} start @param {number} end */
  #readAnswer(kind, bytes, start, end) {
    const id = bytes.readUInt32BE(start);
    const ask = this.#asks.get(id);
    this.#asks.delete(id);
    if (kind === own.answer) ask?.resolve(undefined);
    else ask?.reject(new Error(`The node refuses: ${printable(bytes.subarray(start + 4, end))}`));
  }
}
