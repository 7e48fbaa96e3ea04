/** Figures: what topics of a node are counted by. */
import type { MatcherFigures } from "../structures/index.js";

/** What an exchange has done since it was made, and what it holds. */
export interface ExchangeFigures extends MatcherFigures {
  readonly subscriptions: number;
  readonly outlets: number;
  readonly groups: number;
  /** Messages that were published here, that came from other nodes, and that went to others, counted once for each. */
  readonly published: number;
  readonly received: number;
  readonly forwarded: number;
  /** Messages of other nodes that got lost on their way. */
  readonly missedElsewhere: number;
  /** Other nodes that have been sent something, or are about to. */
  readonly routes: number;
  /** Times that a message was handed on to a subscription. */
  readonly handed: number;
  /** Times that one was lost to a subscription: it found no room; it expired while it waited; its subscription ended. */
  readonly dropped: number;
  readonly expired: number;
  readonly undelivered: number;
  readonly waitingBytes: number;
  readonly backlogTopics: number;
  readonly backlogMessages: number;
  readonly backlogBytes: number;
}

export interface TopicsFigures extends ExchangeFigures {
  /** Subscriptions for which other nodes are asked what they have of the past. */
  readonly late: number;
  /** Participants and other nodes that have published or subscribed here. */
  readonly sources: number;
  /** Publishes that wait for a subscription which wants its publishers to. */
  readonly blockedPublishes: number;
  /** Publishes that waited for that when their publisher went. */
  readonly lostPublishes: number;
}

/** Of a node where nobody has published or subscribed yet. */
export const noFigures: ExchangeFigures = {
  patterns: 0,
  nodes: 0,
  bytes: 0,
  cachedTopics: 0,
  cachedBytes: 0,
  hits: 0,
  matches: 0,
  subscriptions: 0,
  outlets: 0,
  groups: 0,
  published: 0,
  received: 0,
  forwarded: 0,
  missedElsewhere: 0,
  routes: 0,
  handed: 0,
  dropped: 0,
  expired: 0,
  undelivered: 0,
  waitingBytes: 0,
  backlogTopics: 0,
  backlogMessages: 0,
  backlogBytes: 0,
};
