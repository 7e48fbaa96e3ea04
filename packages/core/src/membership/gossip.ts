/**
 * Gossip: how news get from one node to all.
 *
 * Owns what is on its way. What is news is decided by whoever knows the subject (members, catalog).
 *
 * (B1) News go at once to every linked node that the one they came from does not tell itself; never back to it.
 * (B2) After that a few random links are told of them again, each gossip interval, until that was done often enough
 *      (updates.ts). Without news nothing is sent.
 * (B3) When that is done a node compares what it knows with one other: whoever has heard nothing so far hears it then.
 * (B4) Whoever is accused hears it from everybody who hears it, and so do its accusers what it says to that: they may not
 *      reach each other, or not want to (after Lifeguard's buddy system).
 */
import { type Random, Timer, type Timers } from "../base/index.js";
import type { MembershipOptions } from "./types.js";
import { Updates } from "./updates.js";

export interface GossipHost extends Timers {
  readonly random: Random;
  /** The nodes there are links to. */
  links(): Iterable<string>;
  /** Whether `nodeId` has, as far as it has told, a link to `other`. */
  observes(nodeId: string, other: string): boolean;
  /** Members that are there. */
  present(): number;
  /** Queues a whole message; it may be lost. */
  send(nodeId: string, message: Uint8Array): void;
  /** Whether each node has a link to each: then nobody passes news on. */
  isFullMesh(): boolean;
  /** All that was new has been told often enough. */
  drained(nowMs: number): void;
  /** Tells the node the lines of these members. */
  tellLines(nodeId: string, members: readonly string[]): void;
}

/** Longer news are not told again as they are. */
const repeatedBytesMax = 1_024;
/** Where the kind of a message stands, behind its length. */
const kindAt = 4;

export class Gossip {
  readonly #options: MembershipOptions;
  readonly #host: GossipHost;
  readonly #updates = new Updates();
  readonly #timer = new Timer((nowMs) => {
    this.#tick(nowMs);
  });

  constructor(options: MembershipOptions, host: GossipHost) {
    this.#options = options;
    this.#host = host;
  }

  /** Whether something is on its way: then there is a timer. */
  get scheduled(): number {
    return this.#timer.heapIndex >= 0 ? 1 : 0;
  }

  /**
   * Passes news of a member on; `from` is who has told them, `undefined` for this node itself. Those of `accusers` that
   * are linked hear them in any case. (B4)
   */
  spreadMember(
    nodeId: string,
    message: Uint8Array,
    from: string | undefined,
    nowMs: number,
    accusers?: ReadonlySet<string>,
  ): void {
    this.#push(message, from, accusers);
    const isMesh = this.#host.isFullMesh();
    if (isMesh && message.length <= repeatedBytesMax) {
      this.#updates.addMessage(`${nodeId} ${message[kindAt]}`, message, true);
    } else this.#updates.addMember(nodeId, isMesh);
    this.#begin(nowMs);
  }

  /** Lets others learn of news of a member, sooner or later. */
  notUrgent(nodeId: string, nowMs: number): void {
    this.#updates.addMember(nodeId);
    this.#begin(nowMs);
  }

  /** Passes on what `accuser` has said of `target`: no line stands for that. */
  spreadAccusation(
    target: string,
    accuser: string,
    message: Uint8Array,
    from: string | undefined,
    nowMs: number,
  ): void {
    this.#push(message, from, new Set([target]));
    this.#updates.addMessage(`accusation ${target} ${accuser}`, message, this.#host.isFullMesh());
    this.#begin(nowMs);
  }

  stop(): void {
    this.#updates.clear();
    this.#host.unschedule(this.#timer);
  }

  /** (B1) (B4) */
  #push(message: Uint8Array, from: string | undefined, concerned?: ReadonlySet<string>): void {
    for (const nodeId of this.#host.links()) {
      const hasHeard = from !== undefined && (nodeId === from || this.#host.observes(from, nodeId));
      if (!hasHeard || concerned?.has(nodeId) === true) this.#host.send(nodeId, message);
    }
  }

  #begin(nowMs: number): void {
    const [anybody] = this.#host.links();
    // without links nobody is there to tell: a link that opens is told everything
    if (anybody === undefined) return this.#updates.clear();
    if (this.#timer.heapIndex < 0) this.#host.schedule(this.#timer, nowMs + this.#options.gossipIntervalMs);
  }

  /** (B2) */
  #tick(nowMs: number): void {
    const links = [...this.#host.links()];
    for (const nodeId of sample(links, this.#options.gossipFanout, this.#host.random)) {
      const { messages, members } = this.#updates.take(this.#host.present());
      for (const message of messages) this.#host.send(nodeId, message);
      if (members.length > 0) this.#host.tellLines(nodeId, members);
    }
    if (this.#updates.size > 0) this.#begin(nowMs);
    else this.#host.drained(nowMs);
  }
}

/** Up to `count` of the items, in random order (Fisher and Yates). */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (drawn.length < count && left.length > 0) {
    const at = Math.min(left.length - 1, Math.floor(random.next() * left.length));
    drawn.push(left[at] as T);
    left[at] = left[left.length - 1] as T;
    left.pop();
  }
  return drawn;
}
