/** What the rpc domain needs from the node around it. */
import type { Deadline, Policy, Random } from "../base/index.js";
import type { Catalog } from "../catalog/index.js";
import type { Invocation, Peer } from "./task.js";

/** Anything that can be due in the node's one queue of deadlines. */
export interface DueItem extends Deadline {
  onDue(nowMs: number): void;
}

/** Why a running handler's work is no longer wanted. */
export type AbortReason = "cancelled" | "deadline" | "caller-gone";

export interface RpcHost {
  readonly nodeName: string;
  readonly self: Peer;
  readonly catalog: Catalog<Peer>;
  readonly policy: Policy;
  readonly random: Random;
  /** Starts a handler. Its end comes back as an input, never during this call. */
  invoke(invocation: Invocation): void;
  /** Tells a handler that nobody waits for it. Its end is then ignored. */
  abort(invocationId: number, reason: AbortReason): void;
  schedule(item: DueItem, dueMs: number): void;
  unschedule(item: DueItem): void;
}
