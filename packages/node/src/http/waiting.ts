/**
 * Waiting: how many steps wait on a node, by what they wait for.
 *
 * A step that was sent to another node waits there: over all nodes, each is counted once.
 */
import type { NodeSize } from "@mpreg/core/node";

export type WaitingCounts = Readonly<Record<"turn" | "provider" | "link" | "room" | "retry", number>>;

export function waitingFor({ queued, awaiting, reaching, holding, retrying }: NodeSize): WaitingCounts {
  return { turn: queued, provider: awaiting, link: reaching, room: holding, retry: retrying };
}
