/**
 * Over neighbours: messages of nodes that have no link to each other, over one that has links to both.
 *
 * Owns what this node passes on for others, and what comes to it that way. Which way what is published here takes is `over-routes.ts`.
 *
 * (N1) What is published is passed on as it came, its bytes untouched, over the link to the node that it names, and to nobody else: only what
 *      comes from the node where it was published, so that nothing goes round.
 * (N2) Who sends what cannot be passed on hears so, also where a link to a node ends for which something was passed on, or another one takes
 *      its place: what may be lost is counted, and goes another way. Passing on keeps nothing but who sends to whom, as long as both links last.
 * (N3) What waits on the link to a node bounds what is passed on to it, as all that can wait elsewhere.
 */
import { hexOf } from "../../base/index.js";
import {
  type ForwardEnd,
  type ForwardOverMessage,
  type OverTold,
  type ToldOverMessage,
  writeForwardOver,
  writeToldOver,
} from "../../wire/index.js";
import type { NodeProcess } from "../host.js";
import type { TopicChannel } from "../topic-channel.js";
import type { Topics } from "../topics.js";
import type { WayBack } from "./way-back.js";

export interface OverHost {
  readonly selfId: string;
  /** 8 bytes of this process. */
  run(): Uint8Array;
  /** The link to a node that was opened last. */
  newestTo(nodeId: string): TopicChannel | undefined;
}

const nothing: OverTold = {
  until: undefined,
  taken: undefined,
  report: undefined,
  isUnreached: undefined,
  handedBack: undefined,
};
const noBytes = new Uint8Array(0);

/** Tells `target` over the neighbour at the far side of `channel`. */
export function tellOver(
  { link }: TopicChannel,
  { selfId, run }: Pick<OverHost, "selfId" | "run">,
  target: string,
  told: Partial<OverTold>,
  message: Uint8Array = noBytes,
): void {
  writeToldOver(link.outbox.writer, { origin: selfId, run: run(), target, ...nothing, ...told, message });
  link.outbox.commitCancel(); // whatever waits: no more than has come in the windows of routes
}

export class OverNeighbours {
  readonly #host: OverHost;
  readonly #topics: Topics;
  /** By node: those for which something was passed on to it. (N2) */
  readonly #passed = new Map<string, Set<string>>();
  /** By neighbour and node. */
  readonly #backs = new Map<string, Map<string, WayBack>>();

  constructor(host: OverHost, topics: Topics) {
    this.#host = host;
    this.#topics = topics;
  }

  /** Nodes for which something is passed on. */
  get size(): number {
    return this.#passed.size;
  }

  forwarded(from: NodeProcess, message: ForwardOverMessage, back: WayBack, nowMs: number): void {
    const { origin, run, ends } = message;
    for (const end of ends) {
      if (end.target === this.#host.selfId) {
        const forwarded = { ...message, sequence: end.sequence, groups: end.groups };
        if (origin === from.nodeId) this.#topics.arrived(from, forwarded, back, nowMs);
        else {
          const sender = { nodeId: origin, run: hexOf(run), isOver: true };
          this.#topics.arrived(sender, forwarded, this.#backOver(from.nodeId, origin), nowMs);
        }
      } else if (origin === from.nodeId) this.#passOn(message, end); // (N1)
    }
  }

  told(from: string, told: ToldOverMessage, nowMs: number): void {
    const { origin, target } = told;
    if (target === this.#host.selfId) return this.#hear(from, told, nowMs);
    if (origin !== from) return; // (N1)
    const link = this.#host.newestTo(target)?.link;
    if (link === undefined) return this.#unreached(origin, target);
    writeToldOver(link.outbox.writer, told);
    link.outbox.commitCancel();
    this.#note(origin, target);
  }

  /** The last link to a node is gone. (N2) */
  unlinked(nodeId: string): void {
    this.#backs.delete(nodeId);
    for (const [target, others] of this.#passed)
      if (others.delete(nodeId) && others.size === 0) this.#passed.delete(target);
    this.relinked(nodeId);
  }

  /** There is another link to a node, or one of several has ended: what went over it may be lost. (N2) */
  relinked(nodeId: string): void {
    const origins = this.#passed.get(nodeId);
    this.#passed.delete(nodeId);
    for (const origin of origins ?? []) this.#unreached(origin, nodeId);
  }

  #passOn(message: ForwardOverMessage, end: ForwardEnd): void {
    const { origin, run, waitedMs, isConfirmed, tried } = message;
    const { target, sequence } = end;
    const link = this.#host.newestTo(target)?.link;
    if (link === undefined) return this.#unreached(origin, target);
    const { outbox } = link;
    writeForwardOver(outbox.writer, {
      origin,
      run,
      ends: [end],
      waitedMs,
      isConfirmed,
      tried,
      message: message.message,
    });
    const bytes = outbox.commit(link.remoteMessageBytesMax); // (N3)
    if (bytes === 0) return this.#unreached(origin, target);
    this.#note(origin, target);
    if (bytes > 0) return;
    writeToldOver(outbox.writer, { origin, run, target, ...nothing, until: sequence, message: noBytes });
    outbox.commitCancel(); // it accepts none of that size, and finds it missing
  }

  #note(origin: string, target: string): void {
    const origins = this.#passed.get(target);
    if (origins === undefined) this.#passed.set(target, new Set([origin]));
    else origins.add(origin);
  }

  /** Tells `origin` that nothing gets to `target` from here. */
  #unreached(origin: string, target: string): void {
    const link = this.#host.newestTo(origin)?.link;
    if (link === undefined) return;
    const told = { ...nothing, isUnreached: true as const, message: noBytes };
    writeToldOver(link.outbox.writer, { origin: target, run: new Uint8Array(8), target: origin, ...told });
    link.outbox.commitCancel();
  }

  /** What `told.origin` tells this node; or, of it, the neighbour `via`. */
  #hear(via: string, told: ToldOverMessage, nowMs: number): void {
    const { origin, run, until, taken, report, isUnreached, handedBack, message } = told;
    const { forwarding } = this.#topics.exchange;
    if (isUnreached === true) this.#topics.unreached(origin, via, nowMs);
    if (until !== undefined) this.#topics.forwardedUntil({ nodeId: origin, run: hexOf(run), isOver: true }, until);
    if (handedBack !== undefined) this.#topics.handedBack(origin, { ...handedBack, message }, nowMs);
    if (report !== undefined) this.#topics.reported(origin, report.sequence, report);
    if (taken !== undefined) forwarding.taken(origin, taken, nowMs);
  }

  /** How a node hears over the neighbour `via` of what has come that way. */
  #backOver(via: string, nodeId: string): WayBack {
    let backs = this.#backs.get(via);
    if (backs === undefined) this.#backs.set(via, (backs = new Map<string, WayBack>()));
    let back = backs.get(nodeId);
    if (back !== undefined) return back;
    const tell = (told: Partial<OverTold>, message?: Uint8Array): boolean => {
      const channel = this.#host.newestTo(via);
      if (channel !== undefined) tellOver(channel, this.#host, nodeId, told, message);
      return channel !== undefined;
    };
    back = {
      took: (taken) => void tell({ taken }),
      report: (sequence, { handed, waiting, lost }) => void tell({ report: { sequence, handed, waiting, lost } }),
      handBack: ({ message, ...handedBack }) => tell({ handedBack }, message),
    };
    backs.set(nodeId, back);
    return back;
  }
}
