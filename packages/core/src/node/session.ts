/**
 * Session: one link of this node and who is behind it.
 */
import type { Subject } from "../base/index.js";
import type { Goodbye, Link, LinkId, Remote } from "../link/index.js";
import type { Channel, DueItem, Peer } from "../rpc/index.js";

export type SessionPhase =
  | { readonly kind: "greeting" }
  | { readonly kind: "client"; readonly channel: Channel }
  | {
      readonly kind: "node";
      readonly channel: Channel;
      readonly peer: Peer;
      /** Version of the far side's offers heard last. */
      readonly heardVersion: number;
      /** What the far side offers, as told over this link: resources by function. */
      readonly offers: Map<string, readonly string[]>;
    }
  /** The far side has proved to be this node itself. */
  | { readonly kind: "self" }
  | { readonly kind: "ended" };

/** Is due when its link needs a sign of life or has waited long enough for one. */
export class Session implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly id: LinkId;
  readonly address: string;
  /** The dial that led to the link. */
  readonly attempt: number | undefined;
  remote: Remote | undefined = undefined;
  phase: SessionPhase = { kind: "greeting" };
  link: Link | undefined = undefined;

  readonly #due: (session: Session, nowMs: number) => void;

  constructor(
    id: LinkId,
    address: string,
    attempt: number | undefined,
    due: (session: Session, nowMs: number) => void,
  ) {
    this.id = id;
    this.#due = due;
    this.address = address;
    this.attempt = attempt;
  }

  onDue(nowMs: number): void {
    this.#due(this, nowMs);
  }
}

/** How a session's far side appears to the policy. */
export function subjectOf(address: string, remote: Remote): Subject {
  if (remote.kind === "client") return { kind: "client", address, credentials: remote.credentials, via: undefined };
  const { name, cluster } = remote.identity;
  return { kind: "node", address, nodeId: remote.nodeId, name, cluster };
}

/** Checks after a while whether a redundant link is idle and can go. */
export class Retirement implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly session: Session;
  readonly #due: (retirement: Retirement, nowMs: number) => void;

  constructor(session: Session, due: (retirement: Retirement, nowMs: number) => void) {
    this.session = session;
    this.#due = due;
  }

  onDue(nowMs: number): void {
    this.#due(this, nowMs);
  }
}

export const duplicate: Goodbye = { code: "duplicate", reason: "the two nodes have another link" };
