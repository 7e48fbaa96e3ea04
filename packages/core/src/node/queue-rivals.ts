/**
 * Queue rivals: two nodes that have a queue of one name. They were parted when both made it; or an owner was away for longer than the
 * cluster remembers, and another one was made meanwhile.
 *
 * (R1) The one that was created first keeps the name: by wall time, then by node id. Every node decides that by itself, from what all announce.
 * (R2) The others withdraw theirs at once, and hand over what they have.
 */
import type { DueItem, Timers } from "../base/index.js";
import { queueFunction } from "../program/index.js";
import type { OlderOwner } from "../queues/index.js";
import type { Cluster } from "./cluster.js";

export interface QueueRivalsHost extends Timers {
  readonly cluster: Cluster;
  /** Whether this node has the queue, and has not withdrawn it. */
  has(queue: string): boolean;
  /** (R2) */
  yields(queue: string, to: OlderOwner, nowMs: number): void;
}

const createdPrefix = "created:";

/** The tag of a queue that tells its age. */
export function createdTag(createdMs: number): string {
  return `${createdPrefix}${createdMs}`;
}

/** A node that does not tell it yet is one of an older version: its queue is taken for the older one. */
function createdMsOf(tags: readonly string[]): number {
  const tag = tags.find((each) => each.startsWith(createdPrefix));
  const createdMs = Number(tag?.slice(createdPrefix.length) ?? 0);
  return Number.isFinite(createdMs) ? createdMs : 0;
}

export class QueueRivals implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #host: QueueRivalsHost;
  /** Queues of which there may be an older one. */
  #met: Set<string> | undefined;

  constructor(host: QueueRivalsHost) {
    this.#host = host;
  }

  /** Some node has begun to offer the queue: what is to be done about that is done with the next input. */
  offered(queue: string, nowMs: number): void {
    if (this.#host.cluster.catalog.offersOf(queueFunction(queue)).length < 2 || !this.#host.has(queue)) return;
    (this.#met ??= new Set()).add(queue);
    this.#host.schedule(this, nowMs);
  }

  onDue(nowMs: number): void {
    const met = this.#met ?? [];
    this.#met = undefined;
    for (const queue of met) {
      const oldest = this.#oldestOf(queue);
      const isElsewhere = oldest !== undefined && oldest.nodeId !== this.#host.cluster.self.nodeId;
      if (isElsewhere && this.#host.has(queue)) this.#host.yields(queue, oldest, nowMs);
    }
  }

  close(): void {
    this.#host.unschedule(this);
  }

  /** (R1) */
  #oldestOf(queue: string): OlderOwner | undefined {
    let oldest: (OlderOwner & { readonly createdMs: number }) | undefined;
    for (const { owner, traits } of this.#host.cluster.catalog.offersOf(queueFunction(queue))) {
      const createdMs = createdMsOf(traits.tags);
      const isOlder =
        oldest === undefined ||
        createdMs < oldest.createdMs ||
        (createdMs === oldest.createdMs && owner.nodeId < oldest.nodeId);
      if (isOlder) oldest = { nodeId: owner.nodeId, name: owner.name, createdMs };
    }
    return oldest && { nodeId: oldest.nodeId, name: oldest.name };
  }
}
