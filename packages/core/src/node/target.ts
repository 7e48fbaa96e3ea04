/** Target: the node that somebody names: a step, as the only one to run it, by its name or id; the id of a request, by a beginning. */
import type { MemberState } from "../membership/index.js";
import type { Target } from "../routing/index.js";
import type { Peer } from "../rpc/index.js";
import type { Cluster } from "./cluster.js";

/** `forWork`: it is to run something; a question is answered by a node that drains, too. */
export function targetOf({ self, peers, membership }: Cluster, nameOrId: string, forWork: boolean): Target<Peer> {
  if (nameOrId === self.name || nameOrId === self.nodeId) return there(self);
  const peer = peers.get(nameOrId) ?? peers.get(membership.idOf(nameOrId) ?? "");
  if (peer !== undefined) {
    const { nodeId } = peer;
    const isLeaving = membership.get(nodeId)?.record.draining === true && membership.isPresent(nodeId);
    if (membership.isUsable(nodeId) || (isLeaving && !forWork)) return there(peer);
  }
  // from here on somebody has to be told why nobody is there
  const members = [...membership.members()];
  const gone = members.find(({ nodeId, record }) => nodeId === nameOrId || record.name === nameOrId);
  if (gone === undefined) return { kind: "unknown", names: members.map(({ record }) => record.name) };
  const { name, draining } = gone.record;
  const isLeaving = draining === true && (gone.state === "alive" || gone.state === "suspect");
  return { kind: "gone", name, state: isLeaving ? "is draining and takes nothing new" : states[gone.state] };
}

/** The other node whose id begins so. */
export function nodeLike({ self, peers, membership }: Cluster, idStart: string): Target<Peer> {
  for (const peer of peers.values()) if (peer.nodeId.startsWith(idStart)) return there(peer);
  const members = [...membership.members()].filter(({ nodeId }) => nodeId !== self.nodeId);
  const gone = members.find(({ nodeId }) => nodeId.startsWith(idStart));
  if (gone === undefined) return { kind: "unknown", names: [] };
  return { kind: "gone", name: gone.record.name, state: states[gone.state] };
}

function there(owner: Peer): Target<Peer> {
  return { kind: "there", owner, name: owner.name };
}

const states: Readonly<Record<MemberState, string>> = {
  alive: "cannot be reached",
  suspect: "cannot be reached",
  left: "has left the cluster",
  down: "is down",
};
