/**
 * Packets: where MQTT's packets begin and end in what a socket delivers (MQTT 3.1.1 §2.2).
 *
 * (P1) Only whole packets are passed on: nobody behind this keeps parts of one, and what is kept is known to the byte.
 * (P2) A packet that says that it is longer than it may be is refused before its body has come.
 * (P3) What is kept takes at most twice what has come of the packet, however small the pieces, and a copy now and then.
 * (P4) QoS 2 is granted as 1: a SUBSCRIBE that asks for it is passed on as if it had asked for 1.
 * (P5) What is not well-formed is refused (`well-formed.ts`).
 */
import { checkWellFormed } from "./well-formed.js";

/** What a packet's first bytes say. */
interface Head {
  /** Of the whole packet. */
  readonly bytes: number;
}

const subscribeType = 8;
const lengthBytesMax = 4;
const firstCapacity = 1_024;
const nothing = Buffer.alloc(0);

export class Packets {
  /** The beginning of a packet that is not whole yet: its first `#filled` bytes. */
  #partial: Buffer = nothing;
  #filled = 0;

  /** Bytes that are kept. */
  get keptBytes(): number {
    return this.#partial.length;
  }

  /** What of `piece`, and of what was kept before, are whole packets; keeps the rest. Throws an `Error` for what is no MQTT. */
  take(piece: Buffer, packetBytesMax: number): readonly Buffer[] {
    const whole: Buffer[] = [];
    let rest = piece;
    while (this.#filled > 0 && rest.length > 0) {
      const first = this.takeFirst(rest, packetBytesMax);
      rest = first.rest;
      if (first.packet !== undefined) whole.push(first.packet);
    }
    let end = 0;
    for (;;) {
      const head = headOf(rest.subarray(end), packetBytesMax);
      if (head === undefined || end + head.bytes > rest.length) {
        if (end > 0) whole.push(rest.subarray(0, end));
        if (end < rest.length) this.#keep(rest.subarray(end), head?.bytes); // (P1)
        return whole;
      }
      check(rest.subarray(end, end + head.bytes));
      end += head.bytes;
    }
  }

  /** The same for one packet; what is behind it is not taken. */
  takeFirst(piece: Buffer, packetBytesMax: number): { readonly packet: Buffer | undefined; readonly rest: Buffer } {
    let rest = piece;
    while (rest.length > 0) {
      const head = headOf(this.#partial.subarray(0, this.#filled), packetBytesMax);
      // of a head that is not whole, a byte more
      const wanted = head === undefined ? 1 : head.bytes - this.#filled;
      const taken = Math.min(wanted, rest.length);
      this.#keep(rest.subarray(0, taken), head?.bytes);
      rest = rest.subarray(taken);
      if (this.#isWhole(packetBytesMax)) {
        const packet = this.#partial.subarray(0, this.#filled);
        this.#partial = nothing;
        this.#filled = 0;
        check(packet);
        return { packet, rest };
      }
    }
    return { packet: undefined, rest };
  }

  #isWhole(packetBytesMax: number): boolean {
    return headOf(this.#partial.subarray(0, this.#filled), packetBytesMax)?.bytes === this.#filled;
  }

  /** (P3) */
  #keep(bytes: Buffer, packetBytes: number | undefined): void {
    const wanted = this.#filled + bytes.length;
    if (wanted > this.#partial.length) {
      const doubled = Math.max(wanted, this.#filled * 2, firstCapacity);
      const grown = Buffer.allocUnsafeSlow(Math.max(wanted, Math.min(doubled, packetBytes ?? doubled)));
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#filled);
    this.#filled = wanted;
  }
}

/** `undefined` where not enough has come to know. (P2) */
function headOf(bytes: Buffer, packetBytesMax: number): Head | undefined {
  let length = 0;
  for (let at = 1; at <= lengthBytesMax; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 0x80 ** (at - 1);
    if (byte < 0x80) {
      const packetBytes = 1 + at + length;
      if (packetBytes > packetBytesMax)
        throw new Error(`a packet of ${packetBytes} bytes; at most ${packetBytesMax} are taken`);
      return { bytes: packetBytes };
    }
  }
  throw new Error("what came is no MQTT: a length of more than four bytes");
}

function check(packet: Buffer): void {
  checkWellFormed(packet); // (P5)
  grantAtMost1(packet);
}

/** (P4) Whatever is not as it should be is left for the parser to refuse. */
function grantAtMost1(packet: Buffer): void {
  if ((packet[0] as number) >> 4 !== subscribeType) return;
  let at = 1;
  while ((packet[at] ?? 0) >= 0x80) at += 1;
  at += 1 + 2; // behind the length and the packet's identifier
  while (at + 2 <= packet.length) {
    at += 2 + packet.readUInt16BE(at);
    if (packet[at] === 2) packet[at] = 1;
    at += 1;
  }
}
