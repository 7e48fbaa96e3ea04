/** Queue owners: which nodes have a queue, as far as this one knows. */
import { queueFunction } from "../program/index.js";
import type { Cluster } from "./cluster.js";

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
