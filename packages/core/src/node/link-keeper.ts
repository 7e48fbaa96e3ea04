/**
 * Link keeper: ends links to nodes that nobody has a use for.
 *
 * A link is superfluous when its node has another that new work takes (both sides had dialled), or when neither side
 * wants to keep it and it was idle for a while. Only the side that has dialled ends a link, and only after the far side
 * has said that it starts nothing on it any more, so that no step is lost on the way:
 *
 *     dialer: keep(no) ─▶ acceptor, when it is idle too: keep(no), and uses the link no more ─▶ dialer, still idle: goodbye
 *                                                                                              or keep(yes): as before
 *
 * (K1) A link with work under way, in either direction, is not ended.
 * (K2) A side that has released a link starts nothing on it before it is told that the link is kept.
 */
import { Timer, type Timers } from "../base/index.js";
import type { Goodbye } from "../link/index.js";
import type { Peer } from "../rpc/index.js";
import { writeKeep } from "../wire/index.js";
import type { Session, SessionPhase } from "./session.js";

export interface LinkKeeperHost extends Timers {
  /** Sessions of all nodes. */
  sessions(): Iterable<Session>;
  /** Whether a link to the node is to be kept. */
  isWanted(nodeId: string): boolean;
  /** The link of `peer` that new work takes has been released, or is back. */
  rechoose(peer: Peer): void;
}

type NodePhase = Extract<SessionPhase, { kind: "node" }>;

const idle: Goodbye = { code: "idle", reason: "neither side has a use for the link" };
export const duplicate: Goodbye = { code: "duplicate", reason: "the two nodes have another link" };

/** How long both sides of a redundant link have to notice that it is one. */
const redundantMs = 1_000;

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
    if (this.#timer.heapIndex < 0) this.#host.schedule(this.#timer, nowMs + redundantMs);
  }

  stop(): void {
    this.#host.unschedule(this.#timer);
  }

  /** The far side has said whether it wants the link. */
  onKeep(session: Session, wanted: boolean, nowMs: number): void {
    const { phase, link } = session;
    if (phase.kind !== "node" || link === undefined) return;
    const { keeping, channel } = phase;
    keeping.remoteWants = wanted;
    if (link.direction === "accepted") {
      if (wanted && keeping.released) this.#release(phase, false);
      else if (!wanted) this.#answer(phase, nowMs);
    } else if (!wanted && keeping.released) {
      if (this.#isSuperfluous(phase, nowMs)) return link.end(this.#isRedundant(phase) ? duplicate : idle, nowMs);
      keeping.released = false;
      writeKeep(channel.link.outbox.writer, true);
      channel.link.outbox.commitControl();
    }
    this.changed(nowMs);
  }

  #look(nowMs: number): void {
    let isWaiting = false;
    for (const session of [...this.#host.sessions()]) {
      const { phase, link } = session;
      if (phase.kind !== "node" || link === undefined) continue;
      if (!this.#isRedundant(phase) && this.#host.isWanted(phase.peer.nodeId)) continue;
      isWaiting = true;
      if (link.direction === "accepted") {
        if (!phase.keeping.remoteWants && !phase.keeping.released) this.#answer(phase, nowMs);
      } else if (!phase.keeping.released && this.#isSuperfluous(phase, nowMs)) {
        phase.keeping.released = true;
        writeKeep(link.outbox.writer, false);
        link.outbox.commitControl();
      }
    }
    if (isWaiting) this.#host.schedule(this.#timer, nowMs + Math.min(redundantMs, this.#idleMs));
  }

  /** The dialer does not want the link: nor does this side, if it is idle. */
  #answer(phase: NodePhase, nowMs: number): void {
    if (phase.keeping.released || !this.#isSuperfluous(phase, nowMs)) return;
    this.#release(phase, true);
    writeKeep(phase.channel.link.outbox.writer, false);
    phase.channel.link.outbox.commitControl();
  }

  /** (K2) */
  #release(phase: NodePhase, released: boolean): void {
    phase.keeping.released = released;
    this.#host.rechoose(phase.peer);
  }

  /** (K1) */
  #isSuperfluous(phase: NodePhase, nowMs: number): boolean {
    const { channel, peer } = phase;
    if (!channel.isIdle) return false;
    if (this.#isRedundant(phase)) return true;
    return !this.#host.isWanted(peer.nodeId) && nowMs - channel.usedMs >= this.#idleMs;
  }

  /** New work takes another link to the same node. */
  #isRedundant({ channel, peer }: NodePhase): boolean {
    return peer.channel !== undefined && peer.channel !== channel;
  }
}
