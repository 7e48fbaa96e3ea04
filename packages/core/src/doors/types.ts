/** Doors: other protocols in front of the same requests. What a door needs from the node around it. */
import type { Utf8 } from "../base/index.js";
import type { Asker, OwnRequestFields, Run } from "../rpc/index.js";
import type { Codec } from "../values/index.js";
import type { WireLimits } from "../wire/index.js";

/** One connection of a foreign protocol. */
export interface Door {
  /** The far side has made a request that could be read: it speaks the protocol. */
  readonly isKnown: boolean;
  /** How many requests wait for their answer. */
  readonly size: number;
  /** Hands in one frame. Must not throw: a frame that cannot be read is answered or ends the connection. */
  receive(frame: Uint8Array, nowMs: number): void;
  /** The connection is gone: everything it asked for is abandoned. */
  closed(): void;
}

export interface DoorHost {
  readonly codec: Codec;
  readonly utf8: Utf8;
  readonly limits: WireLimits;
  readonly nodeName: string;
  /** Requests that one connection may have unanswered. */
  readonly asksMax: number;
  /** Starts a request for the connection's client. The end is told to `asker`, possibly before this returns;
   *  `onStart` gets the run before that, when there is one. */
  request(ask: OwnRequestFields, asker: Asker, nowMs: number, onStart: (run: Run) => void): void;
  /** Sends one frame, at once. */
  send(frame: Uint8Array): void;
  /** The wall clock in ms since 1970, for people to read. */
  wallMs(): number;
  /** Ends the connection, saying why. */
  close(reason: string): void;
}
