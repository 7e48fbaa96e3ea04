/** Members: how many nodes the answering one remembers, by what it believes of them. */
import type { ClusterInfo } from "@mpreg/core/node";

export type MemberCounts = Readonly<Record<"alive" | "suspect" | "down" | "left", number>>;

/** The node that answers is alive, of course. */
export function membersByState({ nodes }: ClusterInfo): MemberCounts {
  const counts = { alive: 0, suspect: 0, down: 0, left: 0 };
  for (const { state } of nodes) counts[state === "self" ? "alive" : state] += 1;
  return counts;
}
