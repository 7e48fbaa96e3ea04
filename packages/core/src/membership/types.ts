/**
 * What membership knows, is told and wants.
 *
 * A **member** is what this node believes of another, or of itself. SWIM's terms (Das, Gupta, Motivala: "SWIM: Scalable
 * Weakly-consistent Infection-style Process Group Membership Protocol", DSN 2002).
 */
import type { NodeRecord, RecordMessage } from "../wire/index.js";
import type { Coordinate } from "./coordinates.js";
import type { Suspicion } from "./suspicion.js";

export type MemberState = "alive" | "suspect" | "down" | "left";

/** Whether a member counts as being there. */
export function isPresent(state: MemberState | undefined): boolean {
  return state === "alive" || state === "suspect";
}

/** A member as others may look at it. */
export interface Member {
  readonly nodeId: string;
  /** What it has said of itself last. */
  readonly record: NodeRecord;
  readonly state: MemberState;
  /** Since when it is in this state: monotonic time of this node. */
  readonly sinceMs: number;
  /** Where it stands, once this node has measured it. */
  readonly coordinate: Coordinate | undefined;
  /** Handlers that ran there when it answered a probe last; `undefined` when it was not asked. */
  readonly running: number | undefined;
}

/** A member as the table holds it. */
export interface Entry extends Member {
  record: NodeRecord;
  /** The record as it travels. */
  message: Pick<RecordMessage, "hopsLeft" | "signature" | "body">;
  state: MemberState;
  sinceMs: number;
  /** Who accuses it; while it is suspect. */
  suspicion: Suspicion | undefined;
  running: number | undefined;
  coordinate: Coordinate | undefined;
  /** Which of its offers this node knows: the run, and the version; 0 = none. */
  boot: number;
  version: number;
  /** How much this node and the member suit each other as partners (view.ts). */
  readonly weight: number;
}

export interface MembershipOptions {
  /** How often each member this node keeps a link to is probed. */
  readonly probeIntervalMs: number;
  /** How long an answer may take, before others are asked, and again until the member is suspected. */
  readonly probeTimeoutMs: number;
  /** How many observers of a silent member are asked for it. */
  readonly indirectProbes: number;
  readonly suspicionMsMin: number;
  readonly suspicionMsMax: number;
  /** Accusers beside the first that bring a suspicion to its earliest end. */
  readonly confirmations: number;
  readonly gossipIntervalMs: number;
  /** Links that hear what is new, each interval. */
  readonly gossipFanout: number;
  /** How often this node compares what it knows with another. */
  readonly reconcileIntervalMs: number;
  /** How long a member that is down or has left is remembered. */
  readonly forgetMs: number;
  readonly membersMax: number;
  /** News that one link may bring per second, on average over ten. */
  readonly newsPerSecondMax: number;
  /** Up to so many nodes each has a link to each; beyond, each keeps links to a few. */
  readonly fullMeshMax: number;
  /** A link that neither side wants is closed when it was idle for so long. */
  readonly linkIdleMs: number;
}

/** What happened to a member. */
export interface MemberChange {
  readonly member: Member;
  /** `undefined` for one that was not known. */
  readonly before: MemberState | undefined;
  /** It is another process of its node than the one that was known before. */
  readonly isReplaced: boolean;
}

/** Asks the driver to open a connection. The answer is an open link or a failed dial for the same `attempt`. */
export interface Dial {
  readonly url: string;
  /** Number of this attempt, to match the answer. */
  readonly attempt: number;
}

export interface RedialOptions {
  /** First wait after a failed dial. */
  readonly redialMsMin: number;
  /** Longest wait between two dials of the same node. After a link that lasted as long the wait is the first one again. */
  readonly redialMsMax: number;
}

export const defaultRedialOptions: RedialOptions = { redialMsMin: 100, redialMsMax: 5_000 };
