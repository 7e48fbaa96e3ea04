/**
 * Queue owners: which node has a queue, or is to have it, as far as this one knows.
 *
 * (O1) A queue that some node has is not placed anew. Of the nodes that may own one, that with the highest hash of its name and theirs does
 *      (rendezvous hashing, Thaler and Ravishankar 1998), whichever node is asked.
 * (O2) A durable one whose owner is away is not placed anew either, as long as the owner is remembered: there would be two.
 */
import { MpregError, quoted } from "../base/index.js";
import { queueFunction, queuesFunction } from "../program/index.js";
import type { Cluster } from "./cluster.js";
import type { NodeCapabilities } from "./types.js";

/** The tag of nodes that have a disk for queues, and of queues on one. */
export const durableTag = "durable";

/** Whether some node offers the queue just now. */
export function isThere({ catalog }: Cluster, queue: string): boolean {
  return catalog.offersOf(queueFunction(queue)).length > 0;
}

/** Name of a node that is away and remembered to have the queue on its disk. */
export function awayOwnerOf({ offerings }: Cluster, queue: string): string | undefined {
  for (const { member, offer } of offerings.announced(queueFunction(queue))) {
    if (offer.tags.includes(durableTag)) return member.record.name;
  }
  return undefined;
}

/** Id of the node that has the queue, or is to have it. (O1) */
export function ownerOf(
  { cluster, capabilities }: { readonly cluster: Cluster; readonly capabilities: NodeCapabilities },
  queue: string,
  durable: boolean,
): string {
  const { catalog } = cluster;
  const owner = catalog.offersOf(queueFunction(queue))[0]?.owner;
  if (owner !== undefined) return owner.nodeId;
  checkAway(cluster, queue);
  const able = catalog.offersOf(queuesFunction).filter(({ traits }) => !durable || traits.tags.includes(durableTag));
  const { signer, utf8 } = capabilities;
  let best: { readonly nodeId: string; readonly weight: Uint8Array } | undefined;
  for (const { owner: one } of able) {
    const weight = signer.sha256(utf8.encode(`${queue} ${one.nodeId}`));
    if (best === undefined || compare(weight, best.weight) > 0) best = { nodeId: one.nodeId, weight };
  }
  if (best !== undefined) return best.nodeId;
  const what = `Cannot place queue ${quoted(queue)}: no node of the cluster has a disk for it`;
  const helps = "start one with a data directory, or create the queue with { durable: false }";
  throw new MpregError("no-provider", `${what}; ${helps}`);
}

/** (O2) */
function checkAway(cluster: Cluster, queue: string): void {
  const name = awayOwnerOf(cluster, queue);
  if (name === undefined) return;
  const message = `Queue ${quoted(queue)} is on the disk of node ${quoted(name)}, which is away: it is there again when that node is. To begin anew elsewhere, create it with { owner }`;
  throw new MpregError("node-lost", message, { node: name });
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
