/**
 * View: which members this node keeps links to.
 *
 * A full mesh as long as it is small. Beyond that the bounded symmetric views of HyParView (Leitão, Pereira, Rodrigues:
 * "HyParView: a membership protocol for reliable gossip-based broadcast", DSN 2007), without its negotiation: every
 * node knows all members, so each pair has a weight that both sides compute alike (highest random weight, Thaler and
 * Ravishankar 1998) and each node wants its best partners (docs/decisions/0006).
 *
 * (W1) Whether a pair is wanted by one side depends on the members alone: all nodes that know the same members agree.
 * (W2) Every node wants `partnersWanted` others where there are so many. Wishes are mostly mutual, since a pair weighs the
 *      same for both: with those that want it a node has about log2(n) + 4 links.
 * (W3) A join or a loss changes the wishes of a few nodes only.
 */
import type { Members } from "./members.js";
import type { Entry, Member, MembershipOptions } from "./types.js";

export interface ViewHost {
  readonly members: Members;
  isLinked(nodeId: string): boolean;
  /** A link to the member is to be kept, or no longer. */
  want(member: Member, wanted: boolean, nowMs: number): void;
}

/** Dials that fail before a partner is passed over for the next best. */
const failuresMax = 2;

export class View {
  readonly #selfId: string;
  readonly #options: MembershipOptions;
  readonly #host: ViewHost;
  readonly #wanted = new Map<string, Entry>();
  /** Partners that cannot be dialled, and until when they are passed over. */
  readonly #unreached = new Map<string, number>();
  #hasChanged = true;

  constructor(selfId: string, options: MembershipOptions, host: ViewHost) {
    this.#selfId = selfId;
    this.#options = options;
    this.#host = host;
  }

  has(nodeId: string): boolean {
    return this.#wanted.has(nodeId);
  }

  /** The members have changed. */
  changed(): void {
    this.#hasChanged = true;
  }

  linked(nodeId: string): void {
    if (this.#unreached.delete(nodeId)) this.#hasChanged = true;
  }

  /** The member could not be dialled, `failures` times so far. */
  unreached(nodeId: string, failures: number, nowMs: number): void {
    if (failures < failuresMax || this.#host.members.present <= this.#options.fullMeshMax) return;
    this.#unreached.set(nodeId, nowMs + this.#options.reconcileIntervalMs);
    this.#hasChanged = true;
  }

  forgotten(nodeId: string): void {
    this.#unreached.delete(nodeId);
  }

  clear(): void {
    this.#wanted.clear();
    this.#unreached.clear();
  }

  /** Decides anew who is wanted, if anything has changed. */
  update(nowMs: number): void {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    const { members } = this.#host;
    const count = partnersWanted(members.present, this.#options.fullMeshMax);
    const chosen = new Map(partners(this.#candidates(nowMs), count).map((entry) => [entry.nodeId, entry]));
    for (const [nodeId, entry] of this.#wanted) {
      if (chosen.has(nodeId)) continue;
      this.#wanted.delete(nodeId);
      this.#host.want(entry, false, nowMs);
    }
    for (const [nodeId, entry] of chosen) {
      this.#wanted.set(nodeId, entry);
      this.#host.want(entry, true, nowMs);
    }
  }

  *#candidates(nowMs: number): Generator<Entry> {
    for (const entry of this.#host.members.all()) {
      const { nodeId, state } = entry;
      if (nodeId === this.#selfId || state === "down" || state === "left") continue;
      const passedOverUntilMs = this.#unreached.get(nodeId) ?? 0;
      if (passedOverUntilMs <= nowMs || this.#host.isLinked(nodeId)) yield entry;
    }
  }
}

/** How many partners a node wants among `members` nodes, itself included. (W2) */
export function partnersWanted(members: number, fullMeshMax: number): number {
  if (members <= fullMeshMax) return Math.max(0, members - 1);
  return Math.round(Math.log2(members)) + 2;
}

/** The best `count` of the candidates, the best first. (W1) */
export function partners<T extends { readonly nodeId: string; readonly weight: number }>(
  candidates: Iterable<T>,
  count: number,
): T[] {
  const best: T[] = [];
  for (const candidate of candidates) {
    const last = best[best.length - 1];
    if (best.length >= count && (last === undefined || !isBetter(candidate, last))) continue;
    let at = best.length;
    while (at > 0 && isBetter(candidate, best[at - 1] as T)) at -= 1;
    best.splice(at, 0, candidate);
    if (best.length > count) best.pop();
  }
  return best;
}

type Weighted = { readonly nodeId: string; readonly weight: number };

function isBetter(one: Weighted, other: Weighted): boolean {
  return one.weight > other.weight || (one.weight === other.weight && one.nodeId < other.nodeId);
}
