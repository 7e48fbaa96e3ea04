/** Host: what topics need of the node around them, and what nodes hand each other. */
import type { Timers, Utf8 } from "../base/index.js";
import type { ForwardSink } from "./forwarding.js";
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
  /** So many messages are missing of a subscription, which is told so. */
  missed?(count: number): void;
  /** A subscription begins to lose messages, because its consumer is slow. */
  slow?(): void;
  /** A subscription has ended against the will of whoever has it. */
  ended?(why: SubscriptionEnd, lost: number): void;
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
