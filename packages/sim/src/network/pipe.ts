/**
 * Pipe: one direction of a connection: frames in order, each on its way for a while.
 *
 * (I1) What arrives is a prefix of what was sent, in its order: a frame is lost only with all frames behind it.
 * (I2) While the path is blocked nothing arrives; what was sent arrives afterwards.
 * (I3) A pipe that was cut or is dead swallows what is sent, without a word to the sender.
 */
import type { Clock, Happening } from "../clock.js";
import type { Path, PathUser } from "./path.js";

/** What travels beside data. */
export type Mark =
  /** The far side has accepted the connection. */
  | { readonly kind: "opened" }
  /** Nothing follows. */
  | { readonly kind: "end"; readonly reason: string };

/** The receiving end. */
export interface Outlet {
  arrived(content: Uint8Array | Mark): void;
}

/** The sending end. */
export interface Inlet {
  /** Everything that was sent has left. */
  drained(): void;
}

interface Parcel {
  readonly content: Uint8Array | Mark;
  readonly bytes: number;
  leavesMs: number;
  arrivesMs: number;
}

const markBytes = 40;

export class Pipe implements Happening, PathUser {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly #clock: Clock;
  readonly #path: Path;
  readonly #inlet: Inlet;
  readonly #outlet: Outlet;
  #parcels: Parcel[] = [];
  #lineFreeMs = 0;
  #lastArrivalMs = 0;
  #swallowedBytes = 0;
  #state: "open" | "ended" | "dead" = "open";
  /** The sender was told that bytes wait, and not yet that they have left. */
  #owesDrained = false;
  readonly #drain: Happening = { dueMs: 0, sequence: 0, heapIndex: -1, happen: () => this.#drained() };

  constructor(clock: Clock, path: Path, inlet: Inlet, outlet: Outlet) {
    this.#clock = clock;
    this.#path = path;
    this.#inlet = inlet;
    this.#outlet = outlet;
    path.users.add(this);
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  /** Parcels on their way. */
  get inFlight(): number {
    return this.#parcels.length;
  }

  /** Sends a frame; answers how many bytes have not left the sender. */
  send(frame: Uint8Array): number {
    if (this.#state !== "open") return (this.#swallowedBytes += frame.length); // (I3)
    this.#push(frame, frame.length);
    const waitingBytes = this.#waitingBytes();
    this.#owesDrained = waitingBytes > 0;
    return waitingBytes;
  }

  /** Tells the far side that the connection was accepted. */
  open(): void {
    if (this.#state === "open") this.#push({ kind: "opened" }, markBytes);
  }

  /** Ends the stream behind all that was sent. */
  end(reason: string): void {
    if (this.#state !== "open") return;
    this.#push({ kind: "end", reason }, markBytes);
    this.#state = "ended";
  }

  /** Loses all but the first `keep` parcels, and ends. (I1) */
  cut(keep: number, reason: string): void {
    if (this.#state === "ended") return;
    this.#parcels.length = Math.min(keep, this.#parcels.length);
    this.#state = "open";
    this.#path.users.add(this);
    this.#lastArrivalMs = this.#parcels.at(-1)?.arrivesMs ?? this.#clock.nowMs;
    this.end(reason);
  }

  /** Loses all that is on its way and all that will be sent. (I3) */
  kill(): void {
    this.#parcels = [];
    this.#state = "dead";
    this.release();
  }

  /** Nobody is there to hear any more. */
  release(): void {
    this.#clock.cancel(this);
    this.#clock.cancel(this.#drain);
    this.#path.users.delete(this);
  }

  happen(): void {
    const { nowMs } = this.#clock;
    while (this.#parcels.length > 0 && (this.#parcels[0] as Parcel).arrivesMs <= nowMs) {
      const { content } = this.#parcels.shift() as Parcel;
      this.#outlet.arrived(content);
    }
    this.#plan();
  }

  pathChanged(): void {
    this.#lineFreeMs = this.#clock.nowMs;
    this.#lastArrivalMs = this.#clock.nowMs;
    for (const parcel of this.#parcels) this.#route(parcel); // (I2)
    this.#plan();
  }

  #push(content: Uint8Array | Mark, bytes: number): void {
    const parcel: Parcel = { content, bytes, leavesMs: 0, arrivesMs: 0 };
    this.#route(parcel);
    this.#parcels.push(parcel);
    if (this.#parcels.length === 1) this.#plan();
  }

  /** Works out when the parcel, which is the last so far, leaves and arrives. */
  #route(parcel: Parcel): void {
    if (this.#path.blocked) {
      parcel.leavesMs = Infinity;
      parcel.arrivesMs = Infinity;
      return;
    }
    const { bytesPerMs } = this.#path;
    const { nowMs } = this.#clock;
    parcel.leavesMs = Math.max(nowMs, this.#lineFreeMs) + (bytesPerMs === Infinity ? 0 : parcel.bytes / bytesPerMs);
    this.#lineFreeMs = parcel.leavesMs;
    parcel.arrivesMs = Math.max(this.#lastArrivalMs, parcel.leavesMs + this.#path.latencyMs()); // (I1)
    this.#lastArrivalMs = parcel.arrivesMs;
  }

  #plan(): void {
    const first = this.#parcels[0];
    if (first === undefined || first.arrivesMs === Infinity) this.#clock.cancel(this);
    else this.#clock.set(this, first.arrivesMs);
    if (!this.#owesDrained) return;
    if (this.#path.blocked) this.#clock.cancel(this.#drain);
    else this.#clock.set(this.#drain, this.#lineFreeMs);
  }

  #drained(): void {
    if (!this.#owesDrained || this.#path.blocked) return;
    if (this.#lineFreeMs > this.#clock.nowMs) {
      this.#clock.set(this.#drain, this.#lineFreeMs);
      return;
    }
    this.#owesDrained = false;
    this.#inlet.drained();
  }

  #waitingBytes(): number {
    const { nowMs } = this.#clock;
    let bytes = 0;
    for (let at = this.#parcels.length - 1; at >= 0; at--) {
      const parcel = this.#parcels[at] as Parcel;
      if (parcel.leavesMs <= nowMs) break;
      bytes += parcel.bytes;
    }
    return bytes;
  }
}
