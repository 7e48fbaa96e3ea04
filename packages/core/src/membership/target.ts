/**
 * Target: one node that this node wants a link to, and the state of getting one.
 */
import type { Deadline } from "../base/index.js";

/** Why the node is wanted. */
export type Reason =
  /** It is in the options: tried for ever. */
  | { readonly kind: "configured" }
  /** Others have links to it: tried as long as one of them still says so. */
  | { readonly kind: "reported"; readonly nodeId: string };

export type TargetState =
  | { readonly kind: "waiting" }
  | { readonly kind: "dialing"; readonly attempt: number; readonly url: string }
  /** There is a link to the node behind the address. */
  | { readonly kind: "linked"; readonly nodeId: string }
  /** The address has proved to be this node's own. */
  | { readonly kind: "self" };

export class Target implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly reason: Reason;
  urls: readonly string[];
  state: TargetState = { kind: "waiting" };
  /** The node that is wanted; of a configured address the one that was found there last. */
  nodeId: string | undefined;
  /** Failed dials, and links that ended too soon, since a link that lasted. */
  failures = 0;
  readonly #due: (target: Target, nowMs: number) => void;

  constructor(reason: Reason, urls: readonly string[], due: (target: Target, nowMs: number) => void) {
    this.reason = reason;
    this.nodeId = reason.kind === "reported" ? reason.nodeId : undefined;
    this.urls = urls;
    this.#due = due;
  }

  /** The address to try next: the advertised ones in turn. */
  get url(): string {
    return this.urls[this.failures % this.urls.length] as string;
  }

  onDue(nowMs: number): void {
    this.#due(this, nowMs);
  }
}
