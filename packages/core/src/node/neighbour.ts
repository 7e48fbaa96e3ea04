/**
 * Neighbour: who passes work on to a node that this one cannot reach.
 *
 * (N1) One that has told that it has a link to the node, if there is any; else anybody who may know one.
 */
import type { Random } from "../base/index.js";
import type { Membership } from "../membership/index.js";
import type { Peer } from "../rpc/index.js";

/** One of `linked` at random, besides `peer` itself and `avoided`, of those that are alive and answer this node. */
export function neighbourOf(
  peer: Pick<Peer, "nodeId">,
  avoided: ReadonlySet<string> | undefined,
  linked: Iterable<Peer>,
  membership: Pick<Membership, "isUsable" | "observers">,
  random: Random,
): Peer | undefined {
  const open = [...linked].filter(
    (each) =>
      each.linked &&
      each.nodeId !== peer.nodeId &&
      avoided?.has(each.nodeId) !== true &&
      membership.isUsable(each.nodeId),
  );
  const observing = open.filter(({ nodeId }) => membership.observers.observes(nodeId, peer.nodeId));
  const chosen = observing.length > 0 ? observing : open; // (N1)
  return chosen[Math.floor(random.next() * chosen.length)];
}
