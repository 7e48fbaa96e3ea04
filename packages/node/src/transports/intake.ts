/**
 * Intake: how much of a message that is not whole yet is in memory, told from outside of ws.
 *
 * ws keeps every piece that the socket delivers until the last byte of its message has come. Its own bound on a message
 * is set for good when the connection opens, and it tells nobody how much it keeps. So the bytes that go in are counted
 * on the socket, and those of the messages, pings and pongs that come out are taken off.
 *
 * (N1) Never less is told than what is kept, as long as ws handles a piece at once (`allowSynchronousEvents`).
 * (N2) Nothing is told to be kept between whole messages, however often the far side pings.
 */

/** What a piece costs beyond its bytes: a buffer, its memory, a place in a list. Measured on Node 20: 300 to 480 bytes. */
const pieceBytes = 512;
/** The most that a socket delivers at once. */
export const pieceBytesMax: number = 64 * 1024;
/** The longest header of a frame (RFC 6455 §5.2). */
export const headerBytesMax: number = 14;

export class Intake {
  /** Bytes that came since the last whole message and were no ping or pong. */
  partialBytes = 0;
  /** Memory they take: a piece is kept as a whole, whatever in it is needed. */
  keptBytes = 0;
  readonly #maskBytes: number;
  #explainedBytes = 0;
  #anyWhole = false;

  /** `masked`: the far side is a WebSocket client. */
  constructor(masked: boolean) {
    this.#maskBytes = masked ? 4 : 0;
  }

  /** A whole message has come out. */
  message(bytes: number): void {
    this.#anyWhole = true;
    this.#frame(bytes);
  }

  /** A ping or pong has come out. */
  control(bytes: number): void {
    this.#frame(bytes);
  }

  /** The socket has delivered a piece, and what was whole with it has come out. */
  piece(bytes: number): void {
    const partialBytes = this.partialBytes + bytes - this.#explainedBytes;
    const onlyControl = this.#explainedBytes === bytes && !this.#anyWhole;
    if (partialBytes <= 0) {
      this.partialBytes = 0;
      this.keptBytes = 0; // (N2)
    } else if (this.#anyWhole) {
      // what follows a message in the same piece begins the next; a message of several frames has longer headers than
      // assumed, which looks the same
      this.partialBytes = Math.min(partialBytes, bytes);
      this.keptBytes = bytes + pieceBytes;
    } else {
      this.partialBytes = partialBytes;
      if (!onlyControl) this.keptBytes += bytes + pieceBytes; // (N1)
    }
    this.#explainedBytes = 0;
    this.#anyWhole = false;
  }

  #frame(payloadBytes: number): void {
    const lengthBytes = payloadBytes < 126 ? 0 : payloadBytes < 65_536 ? 2 : 8;
    this.#explainedBytes += 2 + lengthBytes + this.#maskBytes + payloadBytes;
  }
}
