/** Types: who publishes at an exchange, what it says of a publish, and what other nodes want. */
import type { Pattern, Utf8 } from "../base/index.js";
import type { TopicsLimits } from "./limits.js";
import type { Published } from "./published.js";

/** Who publishes. */
export interface Publisher {
  /** By which it is resumed. */
  readonly id: number;
  /** Whether it speaks for the cluster, to which reserved topics belong. */
  readonly isCluster: boolean;
  /** What it publishes is for subscriptions of this node only. */
  readonly isLocal?: boolean | undefined;
  /** Throws `denied` where it may not publish to `topic`. */
  authorize?(topic: string): void;
}

/** `blocked`: a subscription wants publishers to wait, and has no room; `sink.resume` tells when to try again. */
export type PublishResult = Published | { readonly kind: "blocked" };

export interface ExchangeOptions {
  readonly limits: TopicsLimits;
  readonly utf8: Utf8;
  /** Any number of 32 bits, from a random source: strangers choose topics and patterns. */
  readonly seed: number;
  /** What other nodes want; nothing where there are none. */
  readonly elsewhere?: Elsewhere | undefined;
}

/** Another node, as those know it who tell that it wants something. */
export interface WantingNode {
  readonly nodeId: string;
}

/** Who hears which other nodes want a topic. */
export interface Wanting {
  /** The node wants it, for subscriptions of no group. */
  plain(node: WantingNode): void;
  /** The node has members of the group that want it. */
  member(node: WantingNode, group: string): void;
}

export interface Elsewhere {
  /** A subscription here wants what matches these patterns, each named once; in a group, as a member of it. Throws `overloaded`. */
  subscribed(patterns: readonly Pattern[], group: string | undefined): void;
  /** Such a subscription is over. */
  unsubscribed(patterns: readonly Pattern[], group: string | undefined): void;
  /** Whether no other node wants anything. */
  readonly isEmpty: boolean;
  /** Whether one of them wants something that is reserved. */
  readonly wantsReserved: boolean;
  /** Whether there is no other node that could publish what is wanted here. Where it is not said, there may be. */
  readonly isAlone?: boolean | undefined;
  /** Tells which other nodes want messages of `topic`: each once, and once for each group. */
  wanting(topic: string, told: Wanting): void;
}

/** There is no other node. */
export const nowhere: Elsewhere = {
  subscribed: () => undefined,
  unsubscribed: () => undefined,
  isEmpty: true,
  wantsReserved: false,
  isAlone: true,
  wanting: () => undefined,
};
