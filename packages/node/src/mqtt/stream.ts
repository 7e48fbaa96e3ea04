/**
 * MQTT stream: the connection of one client, as the broker library reads and writes it, within the bounds of the port.
 *
 * (R1) A client that was not let in yet sends packets of at most `helloBytesMax`, others of at most `messageBytesMax`.
 * (R2) What is kept of a packet that is not whole is charged to the port's budgets; who holds most goes when they are spent.
 * (R3) At most one write is under way in the socket; what else is to go waits here, where `drain` tells when it has gone.
 * (R4) The node's side can end first: what the client has sent until it knows that comes in still, and what is for it goes nowhere.
 * (R5) Of a client that was not let in yet one packet is passed on. What comes behind it waits in the socket: the library keeps few
 *      packets until then, and clients need not wait for CONNACK (MQTT 3.1.1 §3.1.4).
 */
import { Duplex } from "node:stream";
import type { Holder } from "@mpreg/core/structures";
import type { Gate } from "../transports/gate.js";
import { Packets } from "./packets.js";

/** A connection that has just opened. */
export interface OpenMqtt {
  /** What carries MQTT's bytes. */
  readonly source: Duplex;
  readonly address: string;
  /** It is no stranger any more. */
  readonly known: () => void;
  /** It is gone. Called once. */
  readonly gone: () => void;
}

type Done = (error?: Error | null) => void;

/** Bytes that wait in it before `drain` has to be awaited. */
const writableHighWaterMark = 64 * 1024;

export class MqttStream extends Duplex {
  readonly address: string;
  readonly #gate: Gate;
  readonly #opened: OpenMqtt;
  readonly #packets = new Packets();
  #held: Holder;
  #packetBytesMax: number;
  /** The reader wants more. */
  #isWanted = false;
  /** (R5) */
  #isKnown = false;
  #hasGreeted = false;
  /** (R4) */
  #isFinished = false;

  constructor(opened: OpenMqtt, gate: Gate) {
    super({ writableHighWaterMark, autoDestroy: true, emitClose: true });
    this.address = opened.address;
    this.#opened = opened;
    this.#gate = gate;
    this.#packetBytesMax = gate.limits.helloBytesMax; // (R1)
    this.#held = gate.strangers.holder(() => {
      this.destroy(
        new Error("the unfinished packets of strangers exceed limits.strangerBytesMax, and this client held most"),
      );
    });
    const { source } = opened;
    source.on("data", (piece: Buffer) => {
      this.#take(piece);
    });
    source.once("end", () => this.push(null));
    source.on("error", (error) => {
      this.destroy(error);
    });
    source.once("close", () => {
      this.destroy();
    });
    source.pause();
  }

  /** The client was let in. */
  known(packetBytesMax: number): void {
    if (this.destroyed) return;
    this.#opened.known();
    this.#isKnown = true;
    this.#packetBytesMax = packetBytesMax;
    this.#held.hold(0);
    this.#held = this.#gate.arriving.holder(() => {
      this.destroy(
        new Error("the unfinished packets of all exceed limits.arrivingBytesMax, and this client held most"),
      );
    });
    this.#held.hold(this.#packets.keptBytes);
    if (this.#isWanted) this.#opened.source.resume();
  }

  /** Says all that was to be said, and that there is no more. The client ends its side then. (R4) */
  finish(): void {
    if (this.destroyed || this.#isFinished) return;
    this.#isFinished = true;
    this.#opened.source.end();
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#isKnown || !this.#hasGreeted) this.#opened.source.resume(); // (R5)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#isFinished) return done(); // (R4)
    this.#opened.source.write(chunk, done); // (R3)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    if (this.#isFinished) return done();
    this.#opened.source.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#opened.source.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#held.hold(0);
    this.#opened.gone();
    this.#opened.source.destroy();
    done(error);
  }

  #take(piece: Buffer): void {
    if (this.destroyed) return;
    try {
      if (!this.#isKnown) return this.#takeGreeting(piece);
      for (const whole of this.#packets.take(piece, this.#packetBytesMax)) this.#isWanted = this.push(whole);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    this.#held.hold(this.#packets.keptBytes); // (R2)
    if (!this.#isWanted) this.#opened.source.pause();
  }

  /** (R5) */
  #takeGreeting(piece: Buffer): void {
    const { source } = this.#opened;
    const { packet, rest } = this.#packets.takeFirst(piece, this.#packetBytesMax);
    this.#held.hold(this.#packets.keptBytes); // (R2)
    if (packet === undefined) return;
    this.#hasGreeted = true;
    source.pause();
    if (rest.length > 0) source.unshift(rest);
    this.#isWanted = this.push(packet);
  }
}
