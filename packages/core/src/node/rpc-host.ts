/** Rpc host: what calls need of the rest of their node. */
import type { Random, Signer, Timers } from "../base/index.js";
import { nodeIdOf } from "../link/index.js";
import type { Peer, RpcHost } from "../rpc/index.js";
import type { Topics } from "../topics/index.js";
import type { Announcements } from "./announcements.js";
import type { BuiltIns } from "./built-ins.js";
import type { Cluster } from "./cluster.js";
import { runEvents } from "./run-events.js";
import { nodeLike, targetOf } from "./target.js";
import type { NodeEffects, NodeOptions } from "./types.js";

export interface RpcSurroundings extends Timers {
  readonly options: NodeOptions;
  readonly random: Random;
  readonly signer: Signer;
  readonly self: Peer;
  readonly cluster: Cluster;
  readonly announcements: Announcements;
  readonly builtIns: BuiltIns;
  readonly effects: NodeEffects;
  readonly topics: () => Topics;
  /** The call of a handler was aborted. */
  readonly aborted: (invocationId: number) => void;
  readonly nowMs: () => number;
}

export function rpcHost(around: RpcSurroundings): RpcHost {
  const { options, random, signer, self, cluster, announcements, builtIns, effects, topics, aborted, nowMs } = around;
  const { schedule, unschedule } = around;
  return {
    schedule,
    unschedule,
    nodeName: options.name,
    self,
    catalog: cluster.catalog,
    policy: options.policy,
    random,
    nowMs,
    queueMaxOf: (offer) => cluster.offerings.queueMaxOf(offer),
    expectedUntilMs: (fun) => cluster.offerings.expected.untilMs(fun),
    target: (nameOrId, forWork) => targetOf(cluster, nameOrId, forWork),
    peer: (nodeId) => (nodeId === self.nodeId ? self : cluster.peers.get(nodeId)),
    nameOf: (nodeId) => cluster.membership.get(nodeId)?.record.name,
    neighbourOf: (peer, avoided) => cluster.neighbourOf(peer, avoided),
    nodeLike: (idStart) => nodeLike(cluster, idStart),
    topicReport: (most) => topics().report(most, options.name, nowMs()),
    reach: (peer, atMs) => cluster.reach(peer, atMs),
    announces: () => announcements.isHeard,
    follower: (requestId) => announcements.follower(requestId),
    run: () => cluster.membership.own.run,
    idOf: (publicKey) => nodeIdOf(publicKey, signer),
    invoke: (invocation) => {
      if (!builtIns.begin(invocation)) effects.invoke(invocation);
    },
    pull: (id) => {
      effects.pull(id);
    },
    streamed: (reader, bytes, totalBytes) => {
      effects.streamed(reader, bytes, totalBytes);
    },
    streamFailed: (reader, error) => {
      effects.streamFailed(reader, error);
    },
    revoke: (id) => effects.revoke(id),
    abort: (id, reason) => {
      if (builtIns.abort(id)) return;
      effects.abort(id, reason);
      aborted(id);
    },
    heard: (id, isHeard) => {
      builtIns.heard(id, isHeard);
    },
    ...runEvents(effects),
  };
}
