/** Onlooker: who wants to see something of a node, and how what is seen becomes bytes. */
import type { Subject } from "../../base/index.js";
import type { Passing } from "../clients/passing.js";
import type { Watcher } from "./watcher.js";

/** Turns events and traces into bytes, and back. */
export interface TraceCodec {
  encodeSummary(told: object): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** Who looks, and the client for whom it does, where it is a node. */
export interface Onlooker {
  readonly watcher: Watcher;
  readonly onBehalfOf: Subject | undefined;
  /** What the far side of a link has said of that. */
  readonly asked?: Passing["asked"];
}
