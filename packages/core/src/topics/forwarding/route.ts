/** Route: the way of messages to one other node, and what they need on it. What becomes of it is `forwarding.ts`; its invariants are cited here. */
import { type BufferTotals, MessageBuffer } from "../delivery/buffer.js";
import type { Confirmation } from "./confirmations.js";
import type { GroupMember } from "../delivery/groups.js";
import { OnTheWay } from "./on-the-way.js";
import type { TopicsLimits } from "../limits.js";
import type { Outcome } from "../published.js";

/** What a message needs on its way beside its bytes. */
export interface ForwardTerms {
  /** (F1) */
  readonly groups: readonly string[];
  /** When it came to this node. */
  readonly sinceMs: number;
  /** Who waits to hear what it comes to. (F5) */
  readonly confirmation: Confirmation | undefined;
  /** Other subscriptions have had it; these nodes had no member for it. Unless it is said, all that want it are to get it. */
  readonly tried: readonly string[] | undefined;
}

/** What is told with a message of how it came here. */
export type Coming = Omit<ForwardTerms, "groups">;

/**
 * What has become of a message that was to be sent: it is on its way; the node does not accept one of that size, and finds it
 * missing; or there is no way to it now.
 */
export type Handed = "sent" | "refused" | "unreached";

/** The way to a node. */
export class Route implements GroupMember {
  readonly nodeId: string;
  /** The process of the node that counts what comes, once there was a link to it. */
  run: string | undefined = undefined;
  readonly buffer: MessageBuffer<ForwardTerms>;
  untakenBytes = 0;
  /** (F7) */
  readonly onTheWay: OnTheWay = new OnTheWay();
  /** The neighbour over which it goes, where there is no link; and whether there is one again. */
  via: string | undefined = undefined;
  isReturning = false;
  /** Something that went over that neighbour was taken. (F2) */
  isProven = false;
  /** {@link run} as bytes, for the neighbour. */
  viaRun: Uint8Array | undefined = undefined;
  /** Since when the node may miss something of which it has not heard, because there was no way to tell it. (F3) */
  untoldMs: number | undefined = undefined;
  /** Who waits to hear what messages on their way come to, by their numbers; there when there was one. (F5) */
  awaited: Map<number, Confirmation> | undefined = undefined;
  /** Number of the last message. (F3) */
  sequence = 0;
  chosenAt = 0;
  /** Of the message in hand: whether the node wants it, and the groups for which it was chosen. */
  isWanted = false;
  groups: string[] = [];

  constructor(nodeId: string, limits: TopicsLimits, totals: BufferTotals) {
    this.nodeId = nodeId;
    this.buffer = new MessageBuffer(limits.routeBufferMessages, limits.routeBufferBytes, totals, unhanded);
  }

  get waitingBytes(): number {
    return this.untakenBytes + this.buffer.bytes;
  }
}

/** What a message has come to that nobody gets. */
const nothing: Outcome = { handed: 0, waiting: 0, lost: 0 };

/** What has expired is nobody's, as its publisher wanted; what was dropped the node finds missing, for whom nobody knows. */
export function unhanded(terms: ForwardTerms | undefined, hasExpired: boolean): void {
  if (hasExpired) terms?.confirmation?.told(nothing);
  else terms?.confirmation?.untold("node-lost");
}
