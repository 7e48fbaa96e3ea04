/**
 * Reaching: steps for nodes to which this one has no link.
 *
 * A link is opened for them. While none can be, they travel through a neighbour: a linked node that has a link to the
 * one they are for.
 *
 * (W1) What waits for a link goes when there is one, and elsewhere when there is no way.
 * (W2) Who takes long to be dialled is gone round meanwhile: a network that swallows packets costs a moment, not the
 *      time that a dial may take.
 * (W3) A node that is gone round is dialled again while there is work for it.
 * (W4) What came over as many links as it may waits for a link to its node, or fails: nobody else gets it.
 */
import { MpregError, Timer } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import type { RpcHost } from "../host.js";
import { type Peer, type Placing, type Task, waiting } from "../task.js";

/** How long steps wait for a link before they are sent through a neighbour. (W2) */
const patienceMs = 1_000;
/** How often work for a node that is gone round has it dialled. (W3) */
const redialMs = 10_000;

export class Reaching {
  readonly #host: RpcHost;
  readonly #placing: Placing;
  readonly #waitingMax: number;
  /** Of the nodes that steps wait for. */
  readonly #patience = new Map<Peer, Timer>();
  readonly #redialMs = new WeakMap<Peer, number>();
  #size = 0;

  constructor(host: RpcHost, placing: Placing, waitingMax: number) {
    this.#host = host;
    this.#placing = placing;
    this.#waitingMax = waitingMax;
  }

  /** How many tasks wait for a link. */
  get size(): number {
    return this.#size;
  }

  /** The node that passes the task on to `peer`, which has no link; `undefined` when one is to be opened. */
  neighbourFor(task: Task, peer: Peer, nowMs: number): Peer | undefined {
    if (!peer.isUnreachable) return undefined;
    const neighbour = this.#neighbourOf(task, peer);
    if (neighbour !== undefined && nowMs >= (this.#redialMs.get(peer) ?? 0)) {
      this.#redialMs.set(peer, nowMs + redialMs);
      this.#host.reach(peer, nowMs); // (W3)
    }
    return neighbour;
  }

  /** Lets the task wait for a link to the node that offers what it needs. */
  add(task: Task, offer: Offer<Peer>, nowMs: number): void {
    const { owner } = offer;
    const { reaching } = owner;
    if (reaching.size >= this.#waitingMax) {
      const message = `Cannot send to node "${owner.name}": ${reaching.size} steps wait for a link to it already`;
      return this.#placing.placeElsewhere(task, offer, new MpregError("overloaded", message), nowMs);
    }
    task.place = { kind: "reaching", offer };
    reaching.add(task);
    this.#size += 1;
    if (!this.#patience.has(owner)) {
      const timer = new Timer((dueMs) => {
        if (this.#host.neighbourOf(owner, undefined) !== undefined) this.unreachable(owner, dueMs);
      });
      this.#patience.set(owner, timer);
      this.#host.schedule(timer, nowMs + patienceMs);
    }
    if (!this.#host.reach(owner, nowMs)) this.unreachable(owner, nowMs);
  }

  /** The task does not wait any more. */
  remove(task: Task, { owner }: Offer<Peer>): void {
    if (owner.reaching.delete(task)) this.#size -= 1;
    if (owner.reaching.size > 0) return;
    const timer = this.#patience.get(owner);
    if (timer === undefined) return;
    this.#patience.delete(owner);
    this.#host.unschedule(timer);
  }

  /** There is a link to `peer`. (W1) */
  reached(peer: Peer, nowMs: number): void {
    peer.isUnreachable = false;
    this.#takeAll(peer, (task) => {
      this.#placing.place(task, nowMs);
    });
  }

  /** There is no link to `peer`, and none to be had soon. (W1) */
  unreachable(peer: Peer, nowMs: number): void {
    peer.isUnreachable = true;
    this.#redialMs.set(peer, nowMs + redialMs);
    this.#takeAll(peer, (task, offer) => {
      if (this.#neighbourOf(task, peer) !== undefined) return this.#placing.place(task, nowMs);
      const message = `Cannot reach node "${peer.name}" to run "${task.fun}": none of its addresses answers, and no linked node can pass it on`;
      const error = new MpregError("node-lost", message, { outcome: "not-applied" });
      this.#placing.placeElsewhere(task, offer, error, nowMs);
    });
  }

  /** (W4) */
  #neighbourOf({ relay, avoided }: Task, peer: Peer): Peer | undefined {
    return relay !== undefined && relay.hopsLeft < 2 ? undefined : this.#host.neighbourOf(peer, avoided);
  }

  #takeAll(peer: Peer, take: (task: Task, offer: Offer<Peer>) => void): void {
    for (const task of [...peer.reaching]) {
      const { place } = task;
      if (place.kind !== "reaching") continue; // the end of one before it has ended its request
      this.remove(task, place.offer);
      task.place = waiting;
      take(task, place.offer);
    }
  }
}
