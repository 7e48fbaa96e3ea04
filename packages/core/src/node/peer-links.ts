/**
 * Peer links: which of the links to one node is for what.
 *
 * There may be two for a while, when both sides have dialled (cluster.ts, G1).
 */
import type { Membership } from "../membership/index.js";
import type { Channel } from "../rpc/index.js";
import type { Session } from "./session.js";

/** The link that new work takes: the one that was dialled, or not, as `keepDialed` says; none that is released. */
export function chosenLink(sessions: Iterable<Session>, keepDialed: boolean): Channel | undefined {
  let chosen: Channel | undefined;
  for (const { phase, link } of sessions) {
    if (phase.kind !== "node" || (phase.keeping.own === "released" && link?.direction === "accepted")) continue;
    if (chosen === undefined || (link?.direction === "dialed") === keepDialed) chosen = phase.channel;
  }
  return chosen;
}

/** The link that news and probes take: the newest, since an older one may be without a far side. */
export function newestLink(sessions: Iterable<Session>): Channel | undefined {
  let newest: Channel | undefined;
  for (const { phase } of sessions) if (phase.kind === "node") newest = phase.channel;
  return newest;
}

/** Whether the far side wants to keep a link. */
export function isWantedThere(sessions: Iterable<Session>): boolean {
  for (const { phase } of sessions) if (phase.kind === "node" && phase.keeping.remote === "wanted") return true;
  return false;
}

/** The linked nodes whose links are kept; those that this node wants, and that stay, come first. */
export function keptFirst(
  linked: Iterable<string>,
  membership: Pick<Membership, "isWanted">,
  isKept: (nodeId: string) => boolean,
): string[] {
  const isWanted = (nodeId: string): number => Number(membership.isWanted(nodeId));
  return [...linked].filter(isKept).sort((a, b) => isWanted(b) - isWanted(a));
}
