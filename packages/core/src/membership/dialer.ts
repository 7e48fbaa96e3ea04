/**
 * Dialer: how this node gets links to the addresses it was told and to the members it wants.
 *
 * Owns when whom is dialled. Which members are wanted is decided in `view.ts`; whether a link is alive is the link's
 * business.
 *
 * (N1) Seeds are dialled for ever, in parallel, with exponential backoff and full jitter. A link that ended before it had
 *      lasted for the longest wait counts as a failed dial, so that a node that lets nobody stay is not dialled faster.
 * (N2) A member is dialled as long as it is wanted, and forgotten after. All addresses that it tells, and the seeds that
 *      have led to it, are tried in turn.
 * (N3) There is at most one dial in progress per target, and per address: a second link from the same side would take
 *      the first one's place, with the work that runs behind it.
 * (N4) No target is dialled while there is a link to its node. A seed that has led to a node rests as long as that node
 *      is a member, so that two addresses of one node do not take each other's link away for ever.
 * (N5) A member is wanted for its id: who is reached instead does not count as it.
 * (N6) Members are dialled while fewer than `dialsMax` dials are in progress; the others wait their turn, in the order in
 *      which their time came: a crowd does not use up this node's connections.
 * (N7) A member that work waits for is dialled at once, each address once; then the work hears that there is no way.
 */
import type { Random, Timers } from "../base/index.js";
import { Target } from "./target.js";
import type { Dial, RedialOptions } from "./types.js";

/** A node that also wants to dial the other one waits this long, so that mostly one link is opened and not two. */
const yieldMs = 500;

const dialsMax = 128;

export interface DialerHost extends Timers {
  readonly random: Random;
  dial(dial: Dial, nowMs: number): void;
  /** Whether the node is a member that is not known to have gone. */
  isPresent(nodeId: string): boolean;
  /** None of the addresses of the member leads to a link now. (N7) */
  unreachable(nodeId: string, nowMs: number): void;
}

/** A dial that has failed. */
export interface FailedDial {
  readonly url: string;
  /** The member that it was to reach. */
  readonly nodeId: string | undefined;
}

export class Dialer {
  readonly #selfId: string;
  readonly #host: DialerHost;
  readonly #options: RedialOptions;
  /** What each source has named. */
  readonly #sources = new Map<string, ReadonlySet<string>>();
  readonly #seeds = new Map<string, Target>();
  readonly #members = new Map<string, Target>();
  /** Since when there is a link to each node. */
  readonly #linkedMs = new Map<string, number>();
  readonly #dialing = new Map<number, Target>();
  /** Failures of members that are not dialled now, so that one that comes and goes is not dialled faster. (N1) */
  readonly #failures = new Map<string, number>();
  /** Targets whose time has come, and that wait until others have been dialled. (N6) */
  readonly #crowd = new Set<Target>();
  #isDialingNext = false;
  #isStarted = false;
  #attempts = 0;

  constructor(selfId: string, host: DialerHost, options: RedialOptions) {
    this.#selfId = selfId;
    this.#host = host;
    this.#options = options;
  }

  /** How many members are wanted and dialled; for the checks of the simulator. */
  get size(): { readonly wanted: number; readonly dialing: number } {
    return { wanted: this.#members.size, dialing: this.#dialing.size };
  }

  /** How many targets wait for their time. */
  get scheduled(): number {
    let scheduled = 0;
    for (const { heapIndex } of this.#targets()) if (heapIndex >= 0) scheduled += 1;
    return scheduled;
  }

  /** Dials from now on. */
  start(nowMs: number): void {
    this.#isStarted = true;
    for (const target of this.#seeds.values()) this.#host.schedule(target, nowMs);
  }

  /** Dials nobody any more. */
  stop(): void {
    for (const target of this.#targets()) this.#host.unschedule(target);
    this.#sources.clear();
    this.#seeds.clear();
    this.#members.clear();
    this.#dialing.clear();
    this.#crowd.clear();
    this.#failures.clear();
    this.#isStarted = false;
  }

  /** All addresses that `source` knows; they replace those it named before. (N1) */
  seeds(source: string, urls: readonly string[], nowMs: number): void {
    this.#sources.set(source, new Set(urls));
    const named = new Set([...this.#sources.values()].flatMap((each) => [...each]));
    for (const [url, target] of this.#seeds) {
      if (named.has(url)) continue;
      this.#seeds.delete(url);
      this.#forget(target);
    }
    for (const url of named) {
      if (this.#seeds.has(url)) continue;
      const target = new Target({ kind: "seed" }, [url], this.#due);
      this.#seeds.set(url, target);
      if (this.#isStarted) this.#host.schedule(target, nowMs);
    }
  }

  /** A link to the member is to be kept. (N2) */
  want(nodeId: string, urls: readonly string[], nowMs: number): void {
    const known = this.#members.get(nodeId);
    if (known !== undefined) {
      known.kept = true;
      known.urls = this.#addressesOf(nodeId, urls);
      return;
    }
    this.#add(nodeId, urls, nowMs + (this.#selfId < nodeId ? 0 : yieldMs));
  }

  /** No link to the member needs to be kept. */
  unwant(nodeId: string): void {
    const target = this.#members.get(nodeId);
    if (target === undefined) return;
    target.kept = false;
    if (target.state.kind !== "dialing" && target.demand === 0) this.#remove(target, nodeId);
  }

  /** Work waits for a link to the member; answers whether there is an address to try. (N7) */
  reach(nodeId: string, urls: readonly string[], nowMs: number): boolean {
    let target = this.#members.get(nodeId);
    if (target === undefined) {
      target = this.#add(nodeId, urls, nowMs);
      if (target === undefined) return false;
      target.kept = false;
    }
    if (target.demand > 0) return true;
    target.demand = target.urls.length;
    if (target.state.kind === "waiting") this.#host.schedule(target, nowMs);
    return true;
  }

  /** Dials since the last link to the member that lasted. */
  failuresOf(nodeId: string): number {
    return this.#members.get(nodeId)?.failures ?? this.#failures.get(nodeId) ?? 0;
  }

  /** The member has gone: whoever was found at its addresses is looked for again. */
  gone(nodeId: string, nowMs: number): void {
    this.unwant(nodeId);
    for (const seed of this.#seeds.values()) {
      if (seed.state.kind === "member" && seed.state.nodeId === nodeId) this.#retry(seed, nowMs);
    }
  }

  /** Nothing is known of the member any more. */
  forgotten(nodeId: string): void {
    this.#failures.delete(nodeId);
  }

  /** The dial `attempt` did not lead to a link. */
  dialFailed(attempt: number, nowMs: number): FailedDial | undefined {
    const target = this.#dialing.get(attempt);
    if (target === undefined) return undefined;
    const url = target.state.kind === "dialing" ? target.state.url : target.url;
    this.#dialing.delete(attempt);
    this.#retry(target, nowMs);
    this.#dialNext(nowMs);
    return { url, nodeId: target.reason.kind === "member" ? target.reason.nodeId : undefined };
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
    return reason?.kind === "member" ? reason.nodeId : undefined;
  }

  /** There is a link to `nodeId`; `attempt` is the dial that led to it, where one did. */
  linked(nodeId: string, attempt: number | undefined, nowMs: number): void {
    if (!this.#linkedMs.has(nodeId)) this.#linkedMs.set(nodeId, nowMs);
    const target = attempt === undefined ? undefined : this.#dialing.get(attempt);
    if (attempt !== undefined) this.#dialing.delete(attempt);
    if (target?.reason.kind === "seed") {
      target.state = { kind: "linked", nodeId };
      target.nodeId = nodeId;
    }
    const member = this.#members.get(nodeId);
    if (member !== undefined) {
      member.demand = 0;
      if (member.state.kind === "waiting" || member === target) {
        member.state = { kind: "linked", nodeId }; // (N4)
        this.#forget(member);
      }
      if (!member.kept) this.#remove(member, nodeId);
    }
    this.#dialNext(nowMs);
  }

  /** The last link to `nodeId` is gone. */
  unlinked(nodeId: string, nowMs: number): void {
    const hasLasted = nowMs - (this.#linkedMs.get(nodeId) ?? nowMs) >= this.#options.redialMsMax;
    this.#linkedMs.delete(nodeId);
    if (hasLasted) this.#failures.delete(nodeId);
    for (const target of [...this.#targets()]) {
      if (target.state.kind !== "linked" || target.state.nodeId !== nodeId) continue;
      if (hasLasted) target.failures = 0; // (N1)
      if (target.demand === 0) this.#retry(target, nowMs);
      else {
        target.state = { kind: "waiting" }; // work came while the link was about to end: no address was tried for it (N7)
        this.#host.schedule(target, nowMs);
      }
    }
  }

  #add(nodeId: string, urls: readonly string[], dueMs: number): Target | undefined {
    const addresses = this.#addressesOf(nodeId, urls);
    if (addresses.length === 0 || !this.#isStarted) return undefined;
    const target = new Target({ kind: "member", nodeId }, addresses, this.#due);
    target.failures = this.#failures.get(nodeId) ?? 0;
    this.#members.set(nodeId, target);
    if (this.#linkedMs.has(nodeId)) target.state = { kind: "linked", nodeId };
    else this.#host.schedule(target, dueMs);
    return target;
  }

  /** What the member tells, and what has led to it. (N2) */
  #addressesOf(nodeId: string, urls: readonly string[]): readonly string[] {
    const found = new Set(urls);
    for (const [url, seed] of this.#seeds) if (seed.nodeId === nodeId) found.add(url);
    return [...found];
  }

  readonly #due = (target: Target, nowMs: number): void => {
    if (target.state.kind !== "waiting") return; // (N3)
    const { nodeId, reason } = target;
    if (nodeId !== undefined && this.#linkedMs.has(nodeId)) {
      target.state = { kind: "linked", nodeId }; // (N4)
      return;
    }
    if (reason.kind === "member" && target.demand === 0 && this.#dialing.size >= dialsMax) {
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
    const { reason, nodeId } = target;
    if (reason.kind === "seed" && nodeId !== undefined && this.#host.isPresent(nodeId)) {
      target.state = { kind: "member", nodeId }; // (N4)
      return;
    }
    if (reason.kind === "seed" && this.#seeds.get(target.url) !== target) return; // nobody names it any more
    target.state = { kind: "waiting" };
    target.failures += 1;
    if (target.demand > 0 && reason.kind === "member") {
      target.demand -= 1;
      if (target.demand > 0) return this.#host.schedule(target, nowMs); // (N7)
      if (!target.kept) this.#remove(target, reason.nodeId);
      this.#host.unreachable(reason.nodeId, nowMs);
    }
    if (reason.kind === "member" && !target.kept) return this.#remove(target, reason.nodeId); // (N2)
    const { redialMsMin, redialMsMax } = this.#options;
    const ceilingMs = Math.min(redialMsMax, redialMsMin * 2 ** Math.min(target.failures - 1, 30));
    this.#host.schedule(target, nowMs + this.#host.random.next() * ceilingMs); // (N1)
  }

  /** The member is not dialled any more. */
  #remove(target: Target, nodeId: string): void {
    this.#forget(target);
    this.#members.delete(nodeId);
    if (target.failures > 0) this.#failures.set(nodeId, target.failures);
  }

  *#targets(): Generator<Target> {
    yield* this.#seeds.values();
    yield* this.#members.values();
  }
}
