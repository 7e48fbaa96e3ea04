/** Inspect: what a node tells about itself and the cluster as it sees it. Every figure is counted or measured, none is guessed. */
import { isBuiltInName } from "../base/index.js";
import type { MemberState } from "../membership/index.js";
import type { Offer } from "../catalog/index.js";
import type { FunctionLoad, Peer } from "../rpc/index.js";
import type { InspectSubject } from "../wire/index.js";
import type { Cluster } from "./cluster.js";

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  /** `self` is the node that answers; of the others, what it believes. */
  readonly state: "self" | MemberState;
  /** It is about to leave and takes no new work; absent otherwise. */
  readonly draining?: true;
  /** Grows with every start of the node, and every time it had to contradict a suspicion. */
  readonly incarnation: number;
  /** For how long it is in this state, as far as the answering node knows. */
  readonly forMs: number;
  readonly urls: readonly string[];
  /** Whether the answering node has an open link to it. */
  readonly linked: boolean;
  /** A linked node that has a link to it, where the answering node has none. */
  readonly via?: string;
  /** Median of the last round trips that were measured; absent without a link. */
  readonly roundTripMs?: number;
  /** Round trip as estimated from network coordinates; absent before both are known. */
  readonly distanceMs?: number;
  /** Where another process is that uses the same key, as when its data directory was copied; absent when none was met. */
  readonly sharedWith?: readonly string[];
  /** Functions it offers. */
  readonly functions: number;
  /** Handlers that run on the answering node; of another, that ran when it answered a probe last, absent when it was not asked. */
  readonly running?: number;
  /** Steps the answering node has running there. */
  readonly inFlight: number;
}

/** The cluster as one node sees it. */
export interface ClusterInfo {
  readonly name: string;
  /** Name of the node that answers. */
  readonly node: string;
  /** How much that node doubts itself: 0 = not at all, up to 8 (Lifeguard's local health). */
  readonly doubt: number;
  /** All nodes that are remembered, also those that are down or have left; the answering one first. */
  readonly nodes: readonly NodeInfo[];
}

export interface FunctionInfo {
  readonly name: string;
  readonly offers: readonly OfferInfo[];
}

/** One function of one node. */
export interface OfferInfo {
  /** Name of the node. */
  readonly node: string;
  readonly nodeId: string;
  /** The function's own and its node's. */
  readonly resources: readonly string[];
  /** Absent where it was registered without one. */
  readonly version?: string;
  readonly tags: readonly string[];
  /**
   * Present while calls of it have failed there too often, as the answering node has seen: `open` = no call is sent there,
   * `half-open` = one at a time is, to see.
   */
  readonly circuit?: "open" | "half-open";
  /** How busy it is; only of the node that answers. */
  readonly load?: FunctionLoad;
}

/** Knows how busy the answering node's own functions are. */
export interface Loads {
  loadOf(offer: Offer<Peer>): FunctionLoad;
}

export function inspect(subject: InspectSubject, cluster: Cluster, loads: Loads, nowMs: number): unknown {
  if (subject === "functions") return inspectFunctions(cluster, loads, nowMs);
  const nodes = inspectNodes(cluster, nowMs);
  if (subject === "nodes") return nodes.filter(({ state }) => state !== "down" && state !== "left");
  const { name, cluster: clusterName } = cluster.membership.own;
  const info: ClusterInfo = { name: clusterName, node: name, doubt: cluster.membership.doubt, nodes };
  return info;
}

function inspectNodes(cluster: Cluster, nowMs: number): NodeInfo[] {
  const { self, peers, membership, offerings } = cluster;
  const nodes = [...membership.members()].map(({ nodeId, record, state, sinceMs, running: told }): NodeInfo => {
    const peer = nodeId === self.nodeId ? self : peers.get(nodeId);
    const running = peer === self ? cluster.running : told;
    const linked = peer?.linked === true;
    const isThere = membership.isPresent(nodeId);
    const via = linked || peer === self || !isThere ? undefined : membership.viaOf(nodeId);
    const roundTripMs = membership.roundTripMs(nodeId);
    const sharedWith = cluster.sharedKeys.urlsOf(nodeId);
    const distanceMs = peer === self ? undefined : membership.distanceMs(nodeId);
    return {
      id: nodeId,
      name: record.name,
      state: peer === self ? "self" : state,
      ...(record.draining === true ? { draining: true } : {}),
      incarnation: record.incarnation,
      forMs: nowMs - sinceMs,
      urls: record.urls,
      linked,
      ...(via === undefined ? {} : { via: peers.get(via)?.name ?? via }),
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      ...(distanceMs === undefined ? {} : { distanceMs }),
      ...(sharedWith === undefined ? {} : { sharedWith }),
      functions: offerings.countOf(nodeId),
      ...(running === undefined ? {} : { running }),
      inFlight: peer?.inFlight ?? 0,
    };
  });
  return nodes.sort((a, b) => {
    if (a.state === "self" || b.state === "self") return a.state === "self" ? -1 : 1;
    return a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1;
  });
}

function inspectFunctions({ catalog, self }: Cluster, loads: Loads, nowMs: number): FunctionInfo[] {
  const names = [...catalog.functions()].filter((name) => !isBuiltInName(name)).sort();
  return names.map((name) => ({
    name,
    offers: catalog.offersOf(name).map((offer): OfferInfo => {
      const { owner, resources, traits, breaker } = offer;
      const { version, tags } = traits;
      const circuit = breaker.state(nowMs);
      return {
        node: owner.name,
        nodeId: owner.nodeId,
        resources,
        ...(version === undefined ? {} : { version }),
        tags,
        ...(circuit === "closed" ? {} : { circuit }),
        ...(owner === self ? { load: loads.loadOf(offer) } : {}),
      };
    }),
  }));
}
