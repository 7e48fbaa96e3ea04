/** Peer: a node as a place where steps can run: this one, or one with an open link. */
import type { Channel } from "./channel.js";

export class Peer {
  readonly nodeId: string;
  readonly name: string;
  readonly urls: readonly string[];
  /** Steps that this node has running there. */
  inFlight = 0;
  /** The link that new steps take; `undefined` for this node itself. */
  channel: Channel | undefined = undefined;

  constructor(nodeId: string, name: string, urls: readonly string[]) {
    this.nodeId = nodeId;
    this.name = name;
    this.urls = urls;
  }
}
