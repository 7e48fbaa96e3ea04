/**
 * Reconcile: what two nodes tell each other after they have seen that they do not know the same.
 *
 *     digest ─▶ lines of the parts that differ ─▶ what the other lacks, and lines of what it knows more of ─▶ that
 *
 * (E1) Only what differs is sent.
 * (E2) Members that are gone are no news to whoever never knew them.
 */
import type { MemberLine } from "../wire/index.js";
import { hasLaterOffers, isLater, lineOf } from "./digest.js";
import { partOf } from "./part-sums.js";
import type { Entry } from "./types.js";

export interface Comparison {
  /** This node's lines of the parts. */
  readonly lines: readonly MemberLine[];
  /** Members of whose record or end the other side does not know. */
  readonly states: readonly Entry[];
  /** Members of whose offers the other side knows less. */
  readonly offers: readonly Entry[];
  /** This node's lines of members of whom the other side knows more. */
  readonly asks: readonly MemberLine[];
}

/** Compares what this node knows with `theirs`, which is complete for `parts`. (E1) */
export function compare(members: Iterable<Entry>, parts: readonly number[], theirs: readonly MemberLine[]): Comparison {
  const wanted = new Set(parts);
  const open = new Map(theirs.map((line) => [line.nodeId, line]));
  const comparison = {
    lines: [] as MemberLine[],
    states: [] as Entry[],
    offers: [] as Entry[],
    asks: [] as MemberLine[],
  };
  for (const entry of members) {
    const their = open.get(entry.nodeId);
    if (their === undefined && !wanted.has(partOf(entry.nodeId))) continue;
    open.delete(entry.nodeId);
    const own = lineOf(entry);
    comparison.lines.push(own);
    const isPresent = own.standing === 0;
    if (their === undefined ? isPresent : isLater(own, their)) comparison.states.push(entry); // (E2)
    if (isPresent && hasLaterOffers(own, their ?? unknown)) comparison.offers.push(entry);
    if (their !== undefined && (isLater(their, own) || hasLaterOffers(their, own))) comparison.asks.push(own);
  }
  for (const { nodeId, standing } of open.values()) {
    if (standing === 0) comparison.asks.push({ ...unknown, nodeId });
  }
  return comparison;
}

const unknown: MemberLine = { nodeId: "", incarnation: 0, standing: 0, sequence: 0, boot: 0, version: 0 };
