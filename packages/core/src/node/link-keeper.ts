/**
 * Link keeper: ends links to nodes that nobody has a use for.
 *
 * A link is superfluous when its node has another that new work takes (both sides had dialled), or when neither side
 * wants to keep it and it was idle for a while. Only the side that has dialled ends a link, and only after the far side
 * has said that it starts nothing on it any more, so that no step is lost on the way:
 *
 *     dialer: released ─▶ acceptor, if it is idle too: released, and uses the link no more ─▶ dialer, still idle: goodbye
 *                         or wanted: as before                                               or wanted: as before
 *
 * (K1) A link with work under way, in either direction, is not ended.
 * (K2) An acceptor that has released a link starts nothing on it before it is told that the link is wanted.
 * (K3) Each side knows what the other wants: whoever wants a link says so, and says when it does not any more.
 * (K4) Whoever answers a release knows what came before it: news of members in the same turn count.
 */
import { Timer, type Timers } from "../base/index.js";
import type { Peer } from "../rpc/index.js";
import { type LinkWish, writeKeep } from "../wire/index.js";
import { duplicate, idle } from "./goodbyes.js";
import type { Session, SessionPhase } from "./session.js";

export interface LinkKeeperHost extends Timers {
  /** Sessions of all nodes. */
  sessions(): Iterable<Session>;
  /** Decides anew to whom links are to be kept, if what is known of the members has changed. */
  settle(nowMs: number): void;
  /** Whether a link to the node is to be kept. */
  isWanted(nodeId: string): boolean;
  /** A link of `peer` has been released, or is back: which of its links does new work take? */
  rechoose(peer: Peer, nowMs: number): void;
}

type NodePhase = Extract<SessionPhase, { kind: "node" }>;

/** How long both sides have to notice that a link is superfluous, or wanted. */
const lookMs = 1_000;

export class LinkKeeper {
  readonly #host: LinkKeeperHost;
  readonly #idleMs: number;
  readonly #timer = new Timer((nowMs) => {
    this.#look(nowMs);
  });

  constructor(idleMs: number, host: LinkKeeperHost) {
    this.#idleMs = idleMs;
    this.#host = host;
  }

  get scheduled(): number {
    return this.#timer.heapIndex >= 0 ? 1 : 0;
  }

  /** Links or wishes have changed. */
  changed(nowMs: number): void {
    if (this.#timer.heapIndex < 0) this.#host.schedule(this.#timer, nowMs + lookMs);
  }

  stop(): void {
    this.#host.unschedule(this.#timer);
  }

  /** The far side has said what it makes of the link. */
  onKeep(session: Session, wish: LinkWish, nowMs: number): void {
    const { phase, link } = session;
    if (phase.kind !== "node" || link === undefined) return;
    this.#host.settle(nowMs); // (K4)
    phase.keeping.remote = wish;
    if (wish === "released") {
      const isSuperfluous = this.#isSuperfluous(phase, nowMs);
      if (link.direction === "accepted") this.#say(phase, isSuperfluous ? "released" : "wanted", nowMs);
      else if (phase.keeping.own !== "released" || !isSuperfluous) this.#say(phase, "wanted", nowMs);
      else return link.end(this.#isRedundant(phase) ? duplicate : idle, nowMs);
    } else if (phase.keeping.own === "released") {
      this.#say(phase, this.#wants(phase) ? "wanted" : "unwanted", nowMs);
    }
    this.changed(nowMs);
  }

  #look(nowMs: number): void {
    let isWaiting = false;
    for (const session of [...this.#host.sessions()]) {
      const { phase, link } = session;
      if (phase.kind !== "node" || link === undefined) continue;
      const { own, remote } = phase.keeping;
      const wish = this.#wants(phase) ? "wanted" : "unwanted";
      if (own !== "released" && own !== wish) this.#say(phase, wish, nowMs); // (K3)
      if (wish === "wanted") continue;
      isWaiting ||= remote !== "wanted";
      const mayEnd =
        link.direction === "dialed" && own !== "released" && (remote !== "wanted" || this.#isRedundant(phase));
      if (mayEnd && this.#isSuperfluous(phase, nowMs)) this.#say(phase, "released", nowMs);
    }
    if (isWaiting) this.changed(nowMs);
  }

  #say(phase: NodePhase, wish: LinkWish, nowMs: number): void {
    const { keeping, channel, peer } = phase;
    const isRelease = (keeping.own === "released") !== (wish === "released");
    keeping.own = wish;
    writeKeep(channel.link.outbox.writer, wish);
    channel.link.outbox.commitControl();
    if (isRelease) this.#host.rechoose(peer, nowMs); // (K2)
  }

  /** Whether this side wants to keep the link. */
  #wants(phase: NodePhase): boolean {
    return !this.#isRedundant(phase) && this.#host.isWanted(phase.peer.nodeId);
  }

  /** (K1) */
  #isSuperfluous(phase: NodePhase, nowMs: number): boolean {
    const { channel } = phase;
    if (!channel.isIdle || this.#wants(phase)) return false;
    return this.#isRedundant(phase) || nowMs - channel.usedMs >= this.#idleMs;
  }

  /** New work takes another link to the same node. */
  #isRedundant({ channel, peer }: NodePhase): boolean {
    return peer.channel !== undefined && peer.channel !== channel;
  }
}
