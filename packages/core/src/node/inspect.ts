/** Inspect: what a node tells about itself and the cluster as it sees it. Every figure is counted, none is guessed. */
import type { Catalog } from "../catalog/index.js";
import type { Peer } from "../rpc/index.js";

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  /** `self` is the node that answers; the others have an open link to it. */
  readonly state: "self" | "linked";
  readonly urls: readonly string[];
  /** Functions it offers. */
  readonly functions: number;
  /** Steps the answering node has running there. */
  readonly inFlight: number;
}

export interface FunctionInfo {
  readonly name: string;
  readonly offers: readonly { readonly node: string; readonly nodeId: string; readonly resources: readonly string[] }[];
}

export function inspectNodes(self: Peer, peers: Iterable<Peer>, catalog: Catalog<Peer>): NodeInfo[] {
  const describe = (peer: Peer): NodeInfo => ({
    id: peer.nodeId,
    name: peer.name,
    state: peer === self ? "self" : "linked",
    urls: peer.urls,
    functions: catalog.countOf(peer),
    inFlight: peer.inFlight,
  });
  const others = [...peers]
    .map(describe)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
  return [describe(self), ...others];
}

export function inspectFunctions(catalog: Catalog<Peer>): FunctionInfo[] {
  return [...catalog.functions()].sort().map((name) => ({
    name,
    offers: catalog
      .offersOf(name)
      .map(({ owner, resources }) => ({ node: owner.name, nodeId: owner.nodeId, resources })),
  }));
}
