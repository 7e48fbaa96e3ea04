/**
 * Profiles: the timings of failure detection and gossip for three kinds of networks.
 *
 * The names are those of hashicorp/memberlist. Its probes go to one random member per interval; ours go to every member
 * there is a link to, of which there are few, so a silent member is noticed within one interval by all its observers at
 * once and suspicions can be short.
 */
import type { MembershipOptions } from "./types.js";

export type Profile = "local" | "lan" | "wan";

const common = {
  indirectProbes: 3,
  confirmations: 2,
  gossipFanout: 3,
  forgetMs: 24 * 3_600_000,
  membersMax: 10_000,
  newsPerSecondMax: 1_000,
  fullMeshMax: 32,
  linkIdleMs: 10_000,
};

export const profiles: Readonly<Record<Profile, MembershipOptions>> = {
  /** One machine, or the loopback interface. */
  local: {
    ...common,
    probeIntervalMs: 200,
    probeTimeoutMs: 150,
    suspicionMsMin: 300,
    suspicionMsMax: 1_000,
    gossipIntervalMs: 50,
    reconcileIntervalMs: 5_000,
  },
  /** One data centre. */
  lan: {
    ...common,
    probeIntervalMs: 1_000,
    probeTimeoutMs: 500,
    suspicionMsMin: 1_500,
    suspicionMsMax: 5_000,
    gossipIntervalMs: 200,
    reconcileIntervalMs: 30_000,
  },
  /** The world. */
  wan: {
    ...common,
    probeIntervalMs: 3_000,
    probeTimeoutMs: 2_000,
    suspicionMsMin: 6_000,
    suspicionMsMax: 20_000,
    gossipIntervalMs: 500,
    reconcileIntervalMs: 60_000,
  },
};
