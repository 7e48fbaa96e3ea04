/** Topics host: what topics need of the rest of their node. */
import { type Signer, type Timers, hexOf } from "../base/index.js";
import type { Channel } from "../rpc/index.js";
import { type OverWays, type TopicLinksHost, type TopicsHost, type Via, nodeWays } from "../topics/index.js";
import type { Announcements } from "./announcements.js";
import type { Cluster } from "./cluster.js";
import type { Links } from "./links.js";
import type { NodeCapabilities, NodeOptions } from "./types.js";

export interface TopicsSurroundings extends Timers {
  readonly options: NodeOptions;
  readonly capabilities: NodeCapabilities;
  readonly cluster: Cluster;
  readonly links: () => Links;
  readonly nowMs: () => number;
}

export function topicsHost(around: TopicsSurroundings, announcements: Announcements): TopicsHost {
  const { capabilities, cluster, nowMs, schedule, unschedule } = around;
  const ways = nodeWays(
    (nodeId) => cluster.peers.get(nodeId)?.channel,
    (nodeId) => {
      const peer = cluster.peers.get(nodeId);
      if (peer !== undefined) cluster.reach(peer, nowMs());
    },
    (nodeId) => cluster.peers.get(nodeId)?.run,
    { ...selfOf(cluster), viaTo: (nodeId, avoided) => viaTo(cluster, nodeId, avoided) },
  );
  return {
    schedule,
    unschedule,
    utf8: capabilities.utf8,
    seed: secretOf(capabilities.signer),
    elsewhere: cluster.interests,
    ways,
    missed: (count) => {
      announcements.missed(count);
    },
    slow: () => {
      announcements.slow();
    },
    ended: (why, lost) => {
      announcements.ended(why, lost);
    },
  };
}

export function topicLinksHost({ options, capabilities, cluster, links }: TopicsSurroundings): TopicLinksHost<Channel> {
  return {
    nodeName: options.name,
    policy: options.policy,
    encode: (answer) => capabilities.codec.encode(answer, "answer"),
    ...selfOf(cluster),
    newestTo: (nodeId) => cluster.newestTo(nodeId),
    isAlone: () => cluster.interests.isAlone,
    everywhere: (waiter, nowMs) => {
      cluster.interests.everywhere(waiter, nowMs);
    },
    leave: (waiter) => {
      cluster.interests.leave(waiter);
    },
    overflowed: (channel) => {
      links().overflowed(channel);
    },
    backlogged: (channel) => {
      links().backlogged(channel);
    },
  };
}

function selfOf({ self, membership }: Cluster): Pick<OverWays, "selfId" | "run"> {
  return { selfId: self.nodeId, run: () => membership.own.run };
}

/** The neighbour over which a member is reached that cannot be dialled; not `avoided`. */
function viaTo(cluster: Cluster, nodeId: string, avoided: string | undefined): Via | undefined {
  const peer = cluster.peers.get(nodeId);
  const record = cluster.membership.get(nodeId)?.record;
  if (peer === undefined || record === undefined || cluster.newestTo(nodeId) !== undefined) return undefined;
  if (!peer.isUnreachable && peer.urls.length > 0) return undefined; // it is dialled first
  const via = cluster.membership.viaOf(nodeId, avoided);
  return via === undefined ? undefined : { nodeId: via, run: hexOf(record.run) };
}

/** A number that only this node knows, without drawing it: what is drawn decides how a simulated world goes on. */
function secretOf(signer: Signer): number {
  const [a = 0, b = 0, c = 0, d = 0] = signer.sign(Uint8Array.of(0x74)); // any message that is never sent
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
