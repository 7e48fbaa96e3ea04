/** Record: what is written of a queue itself, beside its messages. */
import type { QueueSettings } from "../types.js";

/** What a queue is for good, and its settings. */
export interface QueueIdentity {
  readonly name: string;
  readonly id: number;
  readonly settings: QueueSettings;
  /** Wall time. */
  readonly createdMs: number;
}

/** A node that has an older queue of the same name. */
export interface OlderOwner {
  readonly nodeId: string;
  readonly name: string;
}

/** What is written of a queue itself. */
export interface QueueRecord extends QueueIdentity {
  readonly lanes: readonly { readonly number: number; readonly name: string; readonly fromSequence: number }[];
  readonly lanesMade: number;
  /** Where it hands over what it has. */
  readonly yieldedTo?: OlderOwner | undefined;
}

/** What is written of a queue that is there. */
export function recordOf(
  queue: Omit<QueueRecord, "lanes"> & { readonly lanes: ReadonlyMap<string, QueueRecord["lanes"][number]> },
): QueueRecord {
  const { name, id, settings, createdMs, lanesMade, yieldedTo } = queue;
  const lanes = [...queue.lanes.values()].map((lane) => ({
    number: lane.number,
    name: lane.name,
    fromSequence: lane.fromSequence,
  }));
  return { name, id, settings, createdMs, lanes, lanesMade, yieldedTo };
}
