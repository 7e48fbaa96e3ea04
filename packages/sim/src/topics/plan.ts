/**
 * Plan of a world of topics: its nodes, who subscribes and publishes there, and what befalls them; as data.
 */
import type { Overflow, TopicsLimits } from "@mpreg/core/topics";
import type { Fault } from "../faults/schedule.js";

export interface PlannedSubscription {
  /** Position of the client that subscribes. */
  readonly client: number;
  readonly atMs: number;
  /** For how long; `undefined`: until all is over. */
  readonly forMs: number | undefined;
  readonly patterns: readonly string[];
  readonly group: string | undefined;
  readonly backlog: "last" | number | { readonly ageMs: number } | undefined;
  readonly overflow: Overflow;
  readonly bufferMessages: number | undefined;
  readonly windowBytes: number | undefined;
  /** How long its consumer takes for a message, in ms. */
  readonly takesMs: number;
}

/** Some messages at once. */
export interface PlannedPublish {
  readonly client: number;
  readonly atMs: number;
  readonly topic: string;
  readonly count: number;
  /** Bytes of payload of each. */
  readonly bytes: number;
  readonly priority: number | undefined;
}

export interface TopicsPlan {
  readonly seed: number;
  readonly nodes: readonly { readonly name: string; readonly peers: readonly string[] }[];
  /** Pairs of nodes that never get a link to each other: what they have for each other goes over a neighbour of both. */
  readonly apart?: readonly (readonly [string, string])[] | undefined;
  readonly limits: Partial<TopicsLimits>;
  /** Which client knows the addresses of which nodes. */
  readonly clients: readonly { readonly name: string; readonly nodes: readonly string[] }[];
  readonly subscriptions: readonly PlannedSubscription[];
  readonly publishes: readonly PlannedPublish[];
  readonly faults: readonly Fault[];
  readonly durationMs: number;
}
