/** Report: what topics of one node come to, as whoever asks is told. Every figure is counted or held; rates come from two reports. */
import type { TopicsFigures } from "./figures.js";
import type { SubscriptionTally } from "./delivery/tally.js";

/** The topics of one node. Counts are since its process began, or since its first message or subscription. */
export interface TopicReport {
  /** Name of the node. */
  readonly node: string;
  /** Of the node's own clock, in ms: between two reports of one process lies the difference. */
  readonly atMs: number;
  readonly subscriptions: number;
  /** Groups that have members here. */
  readonly groups: number;
  /** Messages that were published here, that came from other nodes, and that went to others, counted once for each. */
  readonly published: number;
  readonly received: number;
  readonly forwarded: number;
  /** Times that a message was handed on to a subscription. */
  readonly handed: number;
  /** Times that one was lost to a subscription: it found no room; it expired while it waited; its subscription ended, or nobody was there any more. */
  readonly dropped: number;
  readonly expired: number;
  readonly undelivered: number;
  /** Messages of other nodes that got lost on their way here. */
  readonly missed: number;
  /** Messages that waited for room when their publisher went. */
  readonly lostPublishes: number;
  /** Messages that wait for a subscription which wants its publishers to wait. */
  readonly blockedPublishes: number;
  /** Bytes that wait for slow consumers and for other nodes. */
  readonly waitingBytes: number;
  /** What is kept for those who come late. */
  readonly backlog: { readonly topics: number; readonly messages: number; readonly bytes: number };
  /** The subscriptions, put together by what they want: first those for which most waits, then those to which most was handed on. */
  readonly wanted: readonly SubscriptionTally[];
  /** How many more kinds of them there are. */
  readonly leftOut: number;
}

export function reportOf(
  figures: TopicsFigures,
  { tallies, leftOut }: { readonly tallies: readonly SubscriptionTally[]; readonly leftOut: number },
  node: string,
  atMs: number,
): TopicReport {
  const { subscriptions, groups, published, received, forwarded, handed, dropped, expired, undelivered } = figures;
  const { missedElsewhere: missed, lostPublishes, blockedPublishes, waitingBytes } = figures;
  const backlog = {
    topics: figures.backlogTopics,
    messages: figures.backlogMessages,
    bytes: figures.backlogBytes,
  };
  return {
    node,
    atMs,
    subscriptions,
    groups,
    published,
    received,
    forwarded,
    handed,
    dropped,
    expired,
    undelivered,
    missed,
    lostPublishes,
    blockedPublishes,
    waitingBytes,
    backlog,
    wanted: tallies,
    leftOut,
  };
}
