/**
 * Membership, first form: every node keeps a link to every other it knows of.
 *
 * Owns which nodes are wanted and when they are dialled. Whether a link is alive is the link's business, what a node
 * offers the catalog's. A node is known when it is configured as a peer or when another node reports a link to it.
 *
 * (N1) A configured peer is dialled for ever, with exponential backoff and full jitter. A link that ended before it had
 *      lasted for the longest wait counts as a failed dial, so that a node that lets nobody stay is not dialled faster.
 * (N2) A reported node is dialled as long as a linked node reports it, and forgotten after. All addresses that are told
 *      of it are tried, in turn: no linked node can hide it by telling another address.
 * (N3) There is at most one dial in progress per target, and per address: a node may be configured and reported, and a
 *      second link from the same side would take the first one's place, with the work that runs behind it.
 * (N4) No target is dialled while there is a link to its node. Which node a configured address leads to is known from
 *      the last link to it, so that two addresses of one node do not take each other's link away for ever.
 * (N5) A reported node is wanted for its id: who is reached instead does not count as it.
 * (N6) Reported nodes are dialled while fewer than `dialsMax` dials are in progress; the others wait their turn, in the
 *      order in which their time came: whoever reports a crowd does not use up this node's connections.
 */
import type { Random } from "../base/index.js";
import type { MemberRecord } from "../wire/index.js";
import { Target } from "./target.js";
import type { Dial, RedialOptions } from "./types.js";

/** A node that also wants to dial the other one waits this long, so that mostly one link is opened and not two. */
const yieldMs = 500;

const dialsMax = 128;

export interface MembershipHost {
  readonly random: Random;
  dial(dial: Dial, nowMs: number): void;
  /** Sets when `target.onDue` is called. */
  schedule(target: Target, dueMs: number): void;
  unschedule(target: Target): void;
}

export class Membership {
  readonly #selfId: string;
  readonly #host: MembershipHost;
  readonly #options: RedialOptions;
  readonly #configured: Target[] = [];
  readonly #reported = new Map<string, Target>();
  /** What each linked node reports, by its id. */
  readonly #reports = new Map<string, readonly MemberRecord[]>();
  /** Since when there is a link to each node. */
  readonly #linkedMs = new Map<string, number>();
  readonly #dialing = new Map<number, Target>();
  /** Targets whose time has come, and that wait until others have been dialled. (N6) */
  readonly #crowd = new Set<Target>();
  #isDialingNext = false;
  #attempts = 0;

  constructor(selfId: string, peers: readonly string[], host: MembershipHost, options: RedialOptions) {
    this.#selfId = selfId;
    this.#host = host;
    this.#options = options;
    for (const url of new Set(peers)) this.#configured.push(new Target({ kind: "configured" }, [url], this.#due));
  }

  /** How many targets, reports and dials are held; for the checks of the simulator. */
  get size(): { readonly reported: number; readonly reports: number; readonly dialing: number } {
    return { reported: this.#reported.size, reports: this.#reports.size, dialing: this.#dialing.size };
  }

  /** How many targets wait for their time. */
  get scheduled(): number {
    let scheduled = 0;
    for (const { heapIndex } of [...this.#configured, ...this.#reported.values()]) if (heapIndex >= 0) scheduled += 1;
    return scheduled;
  }

  /** Dials the configured peers. */
  start(nowMs: number): void {
    for (const target of this.#configured) this.#host.schedule(target, nowMs);
  }

  /** Dials nobody any more. */
  stop(): void {
    for (const target of [...this.#configured, ...this.#reported.values()]) this.#host.unschedule(target);
    this.#configured.length = 0;
    this.#reported.clear();
    this.#reports.clear();
    this.#dialing.clear();
    this.#crowd.clear();
  }

  /** The dial `attempt` did not lead to a link. Answers the address that was tried. */
  dialFailed(attempt: number, nowMs: number): string | undefined {
    const target = this.#dialing.get(attempt);
    if (target === undefined) return undefined;
    const url = target.state.kind === "dialing" ? target.state.url : target.url;
    this.#dialing.delete(attempt);
    this.#retry(target, nowMs);
    this.#dialNext(nowMs);
    return url;
  }

  /** The dial `attempt` has proved to lead back to this node. */
  reachedSelf(attempt: number, nowMs: number): void {
    const target = this.#dialing.get(attempt);
    if (target === undefined) return;
    this.#dialing.delete(attempt);
    target.state = { kind: "self" };
    this.#dialNext(nowMs);
  }

  /** The only node that the dial `attempt` is to reach; `undefined` when any will do. (N5) */
  wanted(attempt: number): string | undefined {
    const reason = this.#dialing.get(attempt)?.reason;
    return reason?.kind === "reported" ? reason.nodeId : undefined;
  }

  /** There is a link to `nodeId`; `attempt` is the dial that led to it, where one did. */
  linked(nodeId: string, attempt: number | undefined, nowMs: number): void {
    if (!this.#linkedMs.has(nodeId)) this.#linkedMs.set(nodeId, nowMs);
    const target = attempt === undefined ? undefined : this.#dialing.get(attempt);
    if (attempt !== undefined) this.#dialing.delete(attempt);
    if (target !== undefined) {
      target.state = { kind: "linked", nodeId };
      if (target.reason.kind === "configured") target.nodeId = nodeId;
    }
    const reported = this.#reported.get(nodeId);
    if (reported !== undefined && reported.state.kind === "waiting") {
      reported.state = { kind: "linked", nodeId }; // (N4)
      this.#forget(reported);
    }
    this.#dialNext(nowMs);
  }

  /** The last link to `nodeId` is gone. */
  unlinked(nodeId: string, nowMs: number): void {
    const hasLasted = nowMs - (this.#linkedMs.get(nodeId) ?? nowMs) >= this.#options.redialMsMax;
    this.#linkedMs.delete(nodeId);
    this.#reports.delete(nodeId);
    for (const target of [...this.#configured, ...this.#reported.values()]) {
      if (target.state.kind !== "linked" || target.state.nodeId !== nodeId) continue;
      if (hasLasted) target.failures = 0; // (N1)
      this.#retry(target, nowMs);
    }
    this.#update(nowMs);
  }

  /** The linked node `from` has told which nodes it has links to. */
  report(from: string, members: readonly MemberRecord[], nowMs: number): void {
    this.#reports.set(from, members);
    this.#update(nowMs);
  }

  /** Makes targets of what is reported now and forgets what no longer is. */
  #update(nowMs: number): void {
    const wanted = this.#addresses();
    for (const [nodeId, target] of this.#reported) {
      if (wanted.has(nodeId) || target.state.kind === "dialing") continue;
      this.#forget(target);
      this.#reported.delete(nodeId); // (N2)
    }
    for (const [nodeId, urls] of wanted) {
      const known = this.#reported.get(nodeId);
      if (known !== undefined) {
        if (urls.length > 0) known.urls = urls;
        continue;
      }
      if (urls.length === 0) continue;
      const target = new Target({ kind: "reported", nodeId }, urls, this.#due);
      this.#reported.set(nodeId, target);
      if (this.#linkedMs.has(nodeId)) target.state = { kind: "linked", nodeId };
      else this.#host.schedule(target, nowMs + (this.#selfId < nodeId ? 0 : yieldMs));
    }
  }

  /** Every node that is reported, this one left out, with all addresses that are told of it. (N2) */
  #addresses(): Map<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    for (const members of this.#reports.values()) {
      for (const { nodeId, urls } of members) {
        if (nodeId === this.#selfId) continue;
        const known = found.get(nodeId);
        const more = known === undefined ? [] : urls.filter((url) => !known.includes(url));
        if (known === undefined) found.set(nodeId, urls);
        else if (more.length > 0) found.set(nodeId, [...known, ...more]);
      }
    }
    return found;
  }

  readonly #due = (target: Target, nowMs: number): void => {
    if (target.state.kind !== "waiting") return; // (N3)
    const { nodeId } = target;
    if (nodeId !== undefined && this.#linkedMs.has(nodeId)) {
      target.state = { kind: "linked", nodeId }; // (N4)
      return;
    }
    if (target.reason.kind === "reported" && this.#dialing.size >= dialsMax) {
      this.#crowd.add(target); // (N6)
      return;
    }
    const { url } = target;
    if (this.#isDialed(url)) {
      this.#host.schedule(target, nowMs + this.#options.redialMsMin); // (N3)
      return;
    }
    const attempt = ++this.#attempts;
    target.state = { kind: "dialing", attempt, url };
    this.#dialing.set(attempt, target);
    this.#host.dial({ url, attempt }, nowMs);
  };

  #isDialed(url: string): boolean {
    for (const { state } of this.#dialing.values()) if (state.kind === "dialing" && state.url === url) return true;
    return false;
  }

  /** A dial has ended: others may be dialled now. (N6) */
  #dialNext(nowMs: number): void {
    if (this.#isDialingNext) return; // a dial that fails at once ends up here: the loop below goes on
    this.#isDialingNext = true;
    for (const target of this.#crowd) {
      if (this.#dialing.size >= dialsMax) break;
      this.#crowd.delete(target);
      this.#due(target, nowMs);
    }
    this.#isDialingNext = false;
  }

  /** The target is not to be dialled, or not now. */
  #forget(target: Target): void {
    this.#host.unschedule(target);
    this.#crowd.delete(target);
  }

  #retry(target: Target, nowMs: number): void {
    const { reason } = target;
    target.state = { kind: "waiting" };
    if (reason.kind === "reported" && !this.#isReported(reason.nodeId)) {
      this.#reported.delete(reason.nodeId); // (N2)
      return;
    }
    const { redialMsMin, redialMsMax } = this.#options;
    const ceilingMs = Math.min(redialMsMax, redialMsMin * 2 ** Math.min(target.failures, 30));
    target.failures += 1;
    this.#host.schedule(target, nowMs + this.#host.random.next() * ceilingMs); // (N1)
  }

  #isReported(nodeId: string): boolean {
    for (const members of this.#reports.values()) {
      if (members.some((member) => member.nodeId === nodeId)) return true;
    }
    return false;
  }
}
