/**
 * Session: one link of this node and who is behind it.
 */
import { type DueItem, type Subject, areSameBytes } from "../base/index.js";
import type { Link, LinkId, Remote } from "../link/index.js";
import type { Channel, Peer } from "../rpc/index.js";
import type { LinkWish } from "../wire/index.js";

export type SessionPhase =
  | { readonly kind: "greeting" }
  | { readonly kind: "client"; readonly channel: Channel }
  | {
      readonly kind: "node";
      readonly channel: Channel;
      readonly peer: Peer;
      readonly keeping: Keeping;
      /** The far side has heard that this node drains, and asks for nothing more. */
      hasAcknowledgedDrain: boolean;
    }
  /** The far side has proved to be this node itself. */
  | { readonly kind: "self" }
  /** The far side has this node's key, and is another process. */
  | { readonly kind: "rival" }
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

/** How a node appears to the policy for what is known of it, whoever has told that. */
export function memberSubject({ nodeId, name, urls }: Peer, cluster: string): Subject {
  return { kind: "node", address: urls[0] ?? "", nodeId, name, cluster };
}

/** What both sides have said about keeping a link. */
export interface Keeping {
  /** What the far side has said last. */
  remote: LinkWish;
  /** What this side has said last. Once it has released the link it starts nothing on it. */
  own: LinkWish;
}

/** Whether the same process is at the far side of both, as far as they have told. */
export function isOfSameRun(one: Session, other: Session): boolean {
  const [first, second] = [runOf(one), runOf(other)];
  return first === undefined || second === undefined || areSameBytes(first, second);
}

function runOf({ remote }: Session): Uint8Array | undefined {
  return remote?.kind === "node" ? remote.identity.run : undefined;
}
