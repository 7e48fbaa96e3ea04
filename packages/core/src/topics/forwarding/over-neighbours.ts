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
 * (N4) What is numbered for another process of this node is nothing to it, and its sender hears so, once from each of its processes: it would
 *      count as gone by what the sender counts anew for this one. Of groups without a member it tries those here and elsewhere.
 */
import { areSameBytes, hexOf } from "../../base/index.js";
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
const noRun = new Uint8Array(8);

/** Who is told, and which process of it, if that matters. */
interface Told {
  readonly nodeId: string;
  readonly run: Uint8Array | undefined;
}

/** Tells `target` over the neighbour at the far side of `channel`. */
export function tellOver(
  { link }: TopicChannel,
  { selfId, run }: Pick<OverHost, "selfId" | "run">,
  { nodeId: target, run: targetRun }: Told,
  told: Partial<OverTold>,
  message: Uint8Array = noBytes,
): void {
  writeToldOver(link.outbox.writer, { origin: selfId, run: run(), target, targetRun, ...nothing, ...told, message });
  link.outbox.commitCancel(); // whatever waits: no more than has come in the windows of routes
}

export class OverNeighbours {
  readonly #host: OverHost;
  readonly #topics: Topics;
  /** By node: those for which something was passed on to it. (N2) */
  readonly #passed = new Map<string, Set<string>>();
  /** By neighbour and node: how its process hears of what has come. */
  readonly #backs = new Map<string, Map<string, { readonly run: string; readonly way: WayBack }>>();
  /** By neighbour and node: its process that has heard that another one of this node was meant. (N4) */
  readonly #strayed = new Map<string, Map<string, string>>();

  constructor(host: OverHost, topics: Topics) {
    this.#host = host;
    this.#topics = topics;
  }

  /** Nodes for which something is passed on. */
  get size(): number {
    return this.#passed.size;
  }

  forwarded(from: NodeProcess, message: ForwardOverMessage, back: WayBack, nowMs: number): void {
    const { origin, run, ends, runs } = message;
    for (const [at, end] of ends.entries()) {
      const meant = meantBy(runs?.[at]);
      if (end.target === this.#host.selfId) {
        if (!this.#isMeant(meant)) {
          this.#stray(from.nodeId, { nodeId: origin, run });
          continue; // (N4)
        }
        const forwarded = { ...message, sequence: end.sequence, groups: end.groups };
        if (origin === from.nodeId) this.#topics.arrived(from, forwarded, back, nowMs);
        else {
          const sender = { nodeId: origin, run: hexOf(run), isOver: true };
          this.#topics.arrived(sender, forwarded, this.#backOver(from.nodeId, origin, run), nowMs);
        }
      } else if (origin === from.nodeId) this.#passOn(message, end, meant); // (N1)
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
    this.#strayed.delete(nodeId);
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

  #passOn(message: ForwardOverMessage, end: ForwardEnd, meant: Uint8Array | undefined): void {
    const { origin, run, waitedMs, isConfirmed, tried } = message;
    const { target, sequence } = end;
    const link = this.#host.newestTo(target)?.link;
    if (link === undefined) return this.#unreached(origin, target);
    const { outbox } = link;
    writeForwardOver(outbox.writer, {
      origin,
      run,
      ends: [end],
      runs: meant && [meant],
      waitedMs,
      isConfirmed,
      tried,
      message: message.message,
    });
    const bytes = outbox.commit(link.remoteMessageBytesMax); // (N3)
    if (bytes === 0) return this.#unreached(origin, target);
    this.#note(origin, target);
    if (bytes > 0) return;
    const told = { ...nothing, until: sequence, message: noBytes };
    writeToldOver(outbox.writer, { origin, run, target, targetRun: meant, ...told });
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
    writeToldOver(link.outbox.writer, { origin: target, run: noRun, target: origin, targetRun: undefined, ...told });
    link.outbox.commitCancel();
  }

  #isMeant(run: Uint8Array | undefined): boolean {
    return run === undefined || areSameBytes(run, this.#host.run());
  }

  /** Tells the process that has meant another one of this node. (N4) */
  #stray(via: string, origin: Told & { readonly run: Uint8Array }): void {
    const run = hexOf(origin.run);
    let heard = this.#strayed.get(via);
    if (heard === undefined) this.#strayed.set(via, (heard = new Map<string, string>()));
    const channel = this.#host.newestTo(via);
    if (heard.get(origin.nodeId) === run || channel === undefined) return;
    heard.set(origin.nodeId, run);
    tellOver(channel, this.#host, origin, { isUnreached: true });
  }

  /** What `told.origin` tells this node; or, of it, the neighbour `via`. */
  #hear(via: string, told: ToldOverMessage, nowMs: number): void {
    const { origin, run, targetRun, until, taken, report, isUnreached, handedBack, message } = told;
    if (!this.#isMeant(targetRun)) {
      if (until !== undefined) this.#stray(via, { nodeId: origin, run });
      if (handedBack === undefined) return;
      return this.#topics.handedBack(origin, { ...handedBack, sequence: undefined, message }, nowMs); // (N4)
    }
    const { forwarding } = this.#topics.exchange;
    if (isUnreached === true) {
      const told = meantBy(run);
      this.#topics.unreached(origin, via, told && hexOf(told), nowMs);
    }
    if (until !== undefined) this.#topics.forwardedUntil({ nodeId: origin, run: hexOf(run), isOver: true }, until);
    if (handedBack !== undefined) this.#topics.handedBack(origin, { ...handedBack, message }, nowMs);
    if (report !== undefined) this.#topics.reported(origin, report.sequence, report);
    if (taken !== undefined) forwarding.taken(origin, taken, nowMs);
  }

  /** How a process of a node hears over the neighbour `via` of what has come that way. */
  #backOver(via: string, nodeId: string, processRun: Uint8Array): WayBack {
    let backs = this.#backs.get(via);
    if (backs === undefined) this.#backs.set(via, (backs = new Map<string, { run: string; way: WayBack }>()));
    const run = hexOf(processRun);
    const known = backs.get(nodeId);
    if (known?.run === run) return known.way;
    const tell = (told: Partial<OverTold>, message?: Uint8Array): boolean => {
      const channel = this.#host.newestTo(via);
      if (channel !== undefined) tellOver(channel, this.#host, { nodeId, run: processRun }, told, message);
      return channel !== undefined;
    };
    const way: WayBack = {
      took: (taken) => void tell({ taken }),
      report: (sequence, { handed, waiting, lost }) => void tell({ report: { sequence, handed, waiting, lost } }),
      handBack: ({ message, ...handedBack }) => tell({ handedBack }, message),
    };
    backs.set(nodeId, { run, way });
    return way;
  }
}

/** A process, as it is written: zeros are none. */
function meantBy(run: Uint8Array | undefined): Uint8Array | undefined {
  return run?.some((byte) => byte !== 0) === true ? run : undefined;
}
