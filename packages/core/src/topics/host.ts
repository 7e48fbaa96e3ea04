/** Host: what topics need of the node around them, and what nodes hand each other. */
import type { Policy, Timers, Utf8 } from "../base/index.js";
import type { Asking, Told } from "./late/gathering.js";
import type { ForwardSink } from "./forwarding/forwarding.js";
import type { SubscriptionEnd } from "./sink.js";
import type { Elsewhere } from "./types.js";

export interface TopicsHost extends Timers {
  readonly utf8: Utf8;
  /** See `ExchangeOptions`. */
  readonly seed: number;
  /** What other nodes want. */
  readonly elsewhere: Elsewhere;
  /** How other nodes are reached. */
  readonly ways: ForwardSink;
  /** How other nodes are asked for their backlogs. */
  readonly others: OtherNodes;
  /** So many messages are missing of a subscription, which is told so. */
  missed?(count: number): void;
  /** A subscription begins to lose messages, because its consumer is slow. */
  slow?(): void;
  /** A subscription has ended against the will of whoever has it. */
  ended?(why: SubscriptionEnd, lost: number): void;
}

/** Other nodes, as far as those are concerned who want to hear of the past. */
export interface OtherNodes extends Pick<Asking, "others" | "told" | "ask"> {
  /** This process, as its name among origins. */
  readonly ownOrigin: () => string;
  readonly policy: Policy;
  isMember(nodeId: string): boolean;
  /** Which process of a node is there, also where there is no link to it. */
  runOf(nodeId: string): string | undefined;
  /** Whether this node serves what the other one wants in that version of its interest. */
  serves(nodeId: string, told: Told): boolean;
  nowMs(): number;
}

/** Another node, and which process of it. */
export interface NodeProcess {
  readonly nodeId: string;
  readonly run: string | undefined;
  /** What comes from it comes over a neighbour. */
  readonly isOver?: boolean | undefined;
}

/** A message of another node. */
export interface Forwarded {
  readonly sequence: number;
  readonly groups: readonly string[];
  readonly waitedMs: number;
  /** Whether the node wants to hear what it comes to here. */
  readonly isConfirmed: true | undefined;
  /** Nodes that had no member for its groups; where it is said, only these are to get it. */
  readonly tried: readonly string[] | undefined;
  readonly message: Uint8Array;
}

/** A message for groups that have no member for it on the node that was chosen. */
export interface HandedBack {
  readonly groups: readonly string[];
  readonly waitedMs: number;
  readonly tried: readonly string[] | undefined;
  /** Its number, where somebody waits to hear of it. */
  readonly sequence: number | undefined;
  readonly message: Uint8Array;
}
