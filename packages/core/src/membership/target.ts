/**
 * Target: one node or address that this node wants a link to, and the state of getting one.
 */
import type { Deadline } from "../base/index.js";

/** Why it is wanted. */
export type Reason =
  /** Somebody has named the address: who is behind it is not known before it was reached. */
  | { readonly kind: "seed" }
  /** It is a member that this node wants a link to, or has work for. */
  | { readonly kind: "member"; readonly nodeId: string };

export type TargetState =
  | { readonly kind: "waiting" }
  | { readonly kind: "dialing"; readonly attempt: number; readonly url: string }
  /** There is a link to the node behind the address. */
  | { readonly kind: "linked"; readonly nodeId: string }
  /** The node behind the address is a member: whether it is dialled is decided for the member. */
  | { readonly kind: "member"; readonly nodeId: string }
  /** The address has proved to be this node's own. */
  | { readonly kind: "self" };

export class Target implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly reason: Reason;
  urls: readonly string[];
  state: TargetState = { kind: "waiting" };
  /** The node that is wanted; of a seed the one that was found there last. */
  nodeId: string | undefined;
  /** Failed dials, and links that ended too soon, since a link that lasted. */
  failures = 0;
  /** Work waits for the link: how many addresses are still to be tried for it; 0 = none waits. */
  demand = 0;
  /** The member is one to keep a link to, and not only one to reach now. */
  kept = true;
  readonly #due: (target: Target, nowMs: number) => void;

  constructor(reason: Reason, urls: readonly string[], due: (target: Target, nowMs: number) => void) {
    this.reason = reason;
    this.nodeId = reason.kind === "member" ? reason.nodeId : undefined;
    this.urls = urls;
    this.#due = due;
  }

  /** The address to try next: the known ones in turn. */
  get url(): string {
    return this.urls[this.failures % this.urls.length] as string;
  }

  onDue(nowMs: number): void {
    this.#due(this, nowMs);
  }
}
