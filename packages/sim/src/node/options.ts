/** Options of the nodes of a world: the product's own, and its defaults. */
import { createDefaultPolicy } from "@mpreg/core/base";
import type { Policy } from "@mpreg/core/base";
import { type LinkOptions, defaultLinkOptions } from "@mpreg/core/link";
import {
  type MembershipOptions,
  type Profile,
  type RedialOptions,
  defaultRedialOptions,
  profiles,
} from "@mpreg/core/membership";
import type { NodeOptions } from "@mpreg/core/node";
import { type QueuesLimits, defaultQueuesLimits } from "@mpreg/core/queues";
import { type RpcLimits, defaultRpcLimits } from "@mpreg/core/rpc";
import { type TopicsLimits, defaultTopicsLimits } from "@mpreg/core/topics";
import { type WireLimits, defaultWireLimits } from "@mpreg/core/wire";

/** Limits and times of a node; what is left out has the product's default. */
export interface NodeLimits {
  readonly link?: Partial<Omit<LinkOptions, "limits">> | undefined;
  readonly wire?: Partial<WireLimits> | undefined;
  readonly redial?: Partial<RedialOptions> | undefined;
  readonly rpc?: Partial<RpcLimits> | undefined;
  readonly topics?: Partial<TopicsLimits> | undefined;
  /** With these, `{}` even, a node without a store has queues too: in memory. */
  readonly queues?: Partial<QueuesLimits> | undefined;
  /** Timings of failure detection and gossip; default: those of `profile`. */
  readonly membership?: Partial<MembershipOptions> | undefined;
  /** Default `lan`. */
  readonly profile?: Profile | undefined;
}

export interface NodeIdentityOptions {
  readonly name: string;
  readonly cluster: string;
  readonly resources: readonly string[];
  readonly peers: readonly string[];
  readonly urls: readonly string[];
  readonly policy: Policy | undefined;
}

export function nodeOptions(
  identity: NodeIdentityOptions,
  ...limits: readonly (NodeLimits | undefined)[]
): NodeOptions {
  const merged = <K extends Exclude<keyof NodeLimits, "profile">>(key: K): NodeLimits[K] =>
    Object.assign({}, ...limits.map((each) => each?.[key])) as NodeLimits[K];
  const profile = limits.findLast((each) => each?.profile !== undefined)?.profile;
  const hasQueues = limits.some((each) => each?.queues !== undefined);
  return {
    ...identity,
    policy: identity.policy ?? createDefaultPolicy({ cluster: identity.cluster }),
    link: { ...defaultLinkOptions, ...merged("link"), limits: { ...defaultWireLimits, ...merged("wire") } },
    redial: { ...defaultRedialOptions, ...merged("redial") },
    rpc: { ...defaultRpcLimits, ...merged("rpc") },
    topics: { ...defaultTopicsLimits, ...merged("topics") },
    queues: hasQueues ? { ...defaultQueuesLimits, ...merged("queues") } : undefined,
    membership: { ...profiles[profile ?? "lan"], ...merged("membership") },
    incarnation: 1,
  };
}
