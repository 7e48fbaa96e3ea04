/** Size: how much a node holds, table by table. Simulated worlds check that what is under way comes back to zero. */
import type { StepCounts } from "../rpc/index.js";

/**
 * How many entries each table holds. `links`, `doors`, `peers`, `members`, `announced` and `wanted` are what there is; everything
 * else is under way, and zero after quiet. What only saves work (texts, answers of the catalog) is bounded and not told.
 */
export interface NodeSize extends StepCounts {
  readonly links: number;
  /** Connections of other protocols. */
  readonly doors: number;
  readonly peers: number;
  /** Nodes that are remembered, this one included; and those whose offers are. */
  readonly members: number;
  readonly announced: number;
  /** Members to which links are kept or opened. */
  readonly wanted: number;
  readonly dialing: number;
  /** Patterns that are subscribed to here, those of others, nodes that have announced any, and who waits for `everywhere()`. */
  readonly subscribed: number;
  readonly interest: number;
  readonly interested: number;
  readonly everywhere: number;
  readonly requests: number;
  /** Steps that were sent to others. */
  readonly sent: number;
  /** What far sides wait for, over links and doors. */
  readonly asked: number;
  readonly tickets: number;
  /** What running handlers have asked for. */
  readonly nested: number;
  /** What steps and calls have left behind when they ended, and goes on for the far sides of links, or at these. */
  readonly left: number;
  /** Clients that are gone: those that may come back, for `resumeMs`, and others of whom something `detached` runs on. */
  readonly gone: number;
  /** Asks that wait to hear what has become of them at another node. */
  readonly resuming: number;
  /** Requests that run here and can be watched. */
  readonly watched: number;
  /** Results that others may fetch here, and what is fetched from others. */
  readonly kept: number;
  readonly fetches: number;
  /** Bytes, not entries: what calls, steps and requests keep. */
  readonly heldBytes: number;
  readonly subscriptions: number;
  /** Publishes that wait for room with a subscription. */
  readonly blockedPublishes: number;
  /** Publishes that wait to hear what other nodes make of them. */
  readonly confirmations: number;
  /** What has a due time; left out are links, wanted nodes, and the age of what is kept of topics. */
  readonly timers: number;
}
