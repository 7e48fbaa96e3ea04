/** Doors: other protocols in front of the same requests. What a door needs from the node around it. */
import type { Asker, OwnRequestFields, Run } from "../rpc/index.js";
import type { JsonV1TopicsHost } from "./json-v1-topics.js";

/** One connection of a foreign protocol. */
export interface Door {
  /** The far side has made a request that could be read: it speaks the protocol. */
  readonly isKnown: boolean;
  /** How many requests wait for their answer. */
  readonly size: number;
  /** Hands in one frame. Must not throw: a frame that cannot be read is answered or ends the connection. */
  receive(frame: Uint8Array, nowMs: number): void;
  /** What waited to leave has left. */
  writable(nowMs: number): void;
  /** The connection is gone: everything it asked for is abandoned. */
  closed(nowMs: number): void;
}

export interface DoorHost extends JsonV1TopicsHost {
  /** Starts a request for the connection's client. The end is told to `asker`, possibly before this returns;
   *  `onStart` gets the run before that, when there is one. */
  request(ask: OwnRequestFields, asker: Asker, nowMs: number, onStart: (run: Run) => void): void;
  /** When the input in hand happened, by the monotonic clock. */
  nowMs(): number;
  /** Ends the connection, saying why. */
  close(reason: string, nowMs: number): void;
}
