/** Peer: a node as a place where steps can run: this one, or one with an open link. */
import { Load } from "../routing/index.js";
import type { Channel } from "./channel.js";

export class Peer {
  readonly nodeId: string;
  readonly name: string;
  readonly urls: readonly string[];
  readonly load = new Load();
  /** The link that new steps take; `undefined` for this node itself. */
  channel: Channel | undefined;

  constructor(nodeId: string, name: string, urls: readonly string[]) {
    this.nodeId = nodeId;
    this.name = name;
    this.urls = urls;
    this.channel = undefined;
  }
}
