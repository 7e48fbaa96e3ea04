/**
 * Guard: what one connection may hold, as a stranger and afterwards.
 *
 * (H1) A stranger's message, whole or not, has at most `helloBytesMax` bytes on the native protocol and
 *      `firstRequestBytesMax` on the JSON protocol.
 * (H2) A stranger on the JSON protocol has `firstRequestTimeoutMs`; a native link has a deadline of its own.
 * (H3) What the connection holds is charged to the gate's budgets until it is gone.
 * (H4) An unfinished message takes at most four times the memory that its length may be: nobody sends it byte by byte, or
 *      a byte of it with every megabyte of pings.
 */
import type { LinkProtocol } from "@mpreg/core/node";
import type { Holder } from "@mpreg/core/structures";
import type { Gate, Visit } from "./gate.js";
import { Intake, headerBytesMax, pieceBytesMax } from "./intake.js";

/** How a connection is ended from here: `close` tells the far side why, `cut` lets go of its memory at once. */
export type Ending = { readonly how: "close"; readonly code: number } | { readonly how: "cut" };

export interface Guarded {
  readonly protocol: LinkProtocol;
  /** The far side has opened the connection, not this one. */
  readonly accepted: boolean;
  end(ending: Ending, reason: string): void;
}

/** `bytesMax`: length of a message. */
type Phase =
  | { readonly kind: "stranger"; readonly bytesMax: number; readonly timer: NodeJS.Timeout | undefined }
  | { readonly kind: "known"; readonly bytesMax: number }
  | { readonly kind: "gone" };

const keptFactorMax = 4;

export class Guard {
  readonly #gate: Gate;
  readonly #guarded: Guarded;
  readonly #visit: Visit | undefined;
  readonly #intake: Intake;
  #arriving: Holder;
  readonly #replies: Holder | undefined;
  #phase: Phase;

  constructor(gate: Gate, guarded: Guarded) {
    const { protocol, accepted } = guarded;
    const { firstRequestTimeoutMs, firstRequestBytesMax, helloBytesMax, strangerBytesMax } = gate.limits;
    this.#gate = gate;
    this.#guarded = guarded;
    this.#visit = accepted ? gate.enter() : undefined;
    this.#intake = new Intake(accepted);
    this.#arriving = gate.strangers.holder(() => {
      const held = `the unfinished messages of strangers exceed ${strangerBytesMax} bytes (limits.strangerBytesMax)`;
      this.#cut(held);
    });
    if (protocol === "native") {
      this.#replies = undefined; // a link's queue is bounded by the link itself
      this.#phase = { kind: "stranger", bytesMax: helloBytesMax, timer: undefined };
      return;
    }
    this.#replies = gate.replies.holder(() => {
      this.#cut(
        `the replies that wait to be read exceed ${gate.limits.answersBytesMax} bytes (limits.answersBytesMax)`,
      );
    });
    const timer = setTimeout(() => {
      const reason = `no valid request within ${firstRequestTimeoutMs} ms (limits.firstRequestTimeoutMs)`;
      this.#guarded.end({ how: "close", code: 1008 }, reason); // (H2)
    }, firstRequestTimeoutMs);
    timer.unref();
    this.#phase = { kind: "stranger", bytesMax: firstRequestBytesMax, timer };
  }

  /** A whole message has come. Answers whether it may be read; if not, the connection is being closed. */
  message(bytes: number): boolean {
    this.#intake.message(bytes);
    const phase = this.#phase;
    if (phase.kind !== "stranger" || bytes <= phase.bytesMax) return true;
    this.#tooLarge(phase.bytesMax);
    return false;
  }

  /** A ping or pong has come. */
  control(bytes: number): void {
    this.#intake.control(bytes);
  }

  /** The socket has delivered a piece, and what was whole with it was told before. */
  piece(bytes: number): void {
    const phase = this.#phase;
    if (phase.kind === "gone") return;
    const intake = this.#intake;
    intake.piece(bytes);
    if (intake.keptBytes !== this.#arriving.bytes) this.#arriving.hold(intake.keptBytes); // (H3)
    // when the connection is known, ws itself looks after the length
    const isTooLarge = phase.kind === "stranger" && intake.partialBytes > phase.bytesMax + headerBytesMax;
    if (isTooLarge) this.#tooLarge(phase.bytesMax);
    else if (intake.keptBytes > keptFactorMax * phase.bytesMax + pieceBytesMax) this.#tooManyPieces(phase.bytesMax);
  }

  /** So many bytes of replies wait to be read. */
  replying(waitingBytes: number): void {
    if (this.#phase.kind !== "gone") this.#replies?.hold(waitingBytes); // (H3)
  }

  /** The handshake is over, with a message whose {@link piece} is yet to be told. */
  known(): void {
    if (this.#phase.kind !== "stranger") return;
    clearTimeout(this.#phase.timer);
    this.#phase = { kind: "known", bytesMax: this.#gate.limits.frameBytesMax };
    this.#visit?.known();
    this.#arriving.hold(0);
    this.#arriving = this.#gate.arriving.holder(() => {
      const { arrivingBytesMax } = this.#gate.limits;
      this.#cut(`the unfinished messages of all exceed ${arrivingBytesMax} bytes (limits.arrivingBytesMax)`);
    });
  }

  /** The connection is gone, and with it all that it held. */
  gone(): void {
    if (this.#phase.kind === "gone") return;
    if (this.#phase.kind === "stranger") clearTimeout(this.#phase.timer);
    this.#phase = { kind: "gone" };
    this.#visit?.left();
    this.#arriving.hold(0);
    this.#replies?.hold(0);
  }

  /** (H1) */
  #tooLarge(bytesMax: number): void {
    const option = this.#guarded.protocol === "native" ? "helloBytesMax" : "firstRequestBytesMax";
    const reason = `a message of more than ${bytesMax} bytes before the handshake is over (limits.${option})`;
    this.#guarded.end({ how: "close", code: 1009 }, reason);
  }

  /** (H4) */
  #tooManyPieces(bytesMax: number): void {
    const reason = `a message in pieces that take more than ${keptFactorMax} times the ${bytesMax} bytes it may have`;
    this.#guarded.end({ how: "close", code: 1008 }, reason);
  }

  #cut(reason: string): void {
    this.#guarded.end({ how: "cut" }, `${reason}, and this connection held most`);
  }
}
