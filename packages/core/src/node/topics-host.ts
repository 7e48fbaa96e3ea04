/** Topics host: what topics need of the rest of their node. */
import { MpregError, type Signer, type Timers, hexOf } from "../base/index.js";
import { type Channel, type Questions, callerOf } from "../rpc/index.js";
import {
  type OtherNodes,
  type OverWays,
  type TopicLinksHost,
  type TopicsHost,
  type Via,
  nodeWays,
  originKey,
} from "../topics/index.js";
import type { Announcements } from "./announcements.js";
import type { Cluster } from "./cluster.js";
import type { Links } from "./links.js";
import type { NodeCapabilities, NodeOptions } from "./types.js";

export interface TopicsSurroundings extends Timers {
  readonly options: NodeOptions;
  readonly capabilities: NodeCapabilities;
  readonly cluster: Cluster;
  readonly links: () => Links;
  readonly questions: () => Questions;
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
    {
      ...selfOf(cluster),
      viaTo: (...asked) => viaTo(cluster, ...asked),
      runOf: (nodeId) => {
        const record = cluster.membership.get(nodeId)?.record;
        return record && hexOf(record.run);
      },
    },
  );
  return {
    schedule,
    unschedule,
    utf8: capabilities.utf8,
    seed: secretOf(capabilities.signer),
    elsewhere: cluster.interests,
    ways,
    others: otherNodes(around),
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

export function topicLinksHost(around: TopicsSurroundings): TopicLinksHost<Channel> {
  const { options, capabilities, cluster, links, questions } = around;
  return {
    nodeName: options.name,
    policy: options.policy,
    encode: (answer) => capabilities.codec.encode(answer, "answer"),
    ...selfOf(cluster),
    behalfOf: (channel, ask) => {
      const caller = callerOf(channel, ask, ask.relay, { peer: (nodeId) => cluster.peers.get(nodeId) });
      return caller === channel.subject ? undefined : caller;
    },
    askFor: ({ target, origin }, write, answered, failed, nowMs) => {
      const lost = (): MpregError =>
        new MpregError("node-lost", `There is no way to node "${target}"`, { node: target, outcome: "not-applied" });
      const peer = cluster.peers.get(target);
      if (peer === undefined) return failed(lost());
      const inquiry = {
        triesMax: 1,
        origin,
        write,
        answered,
        failed: (error: MpregError | undefined): void => {
          failed(error ?? lost());
        },
      };
      questions().ask(peer, inquiry, nowMs);
    },
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

/** The neighbour over which a member is reached to which there is no link; none of `avoided`. Unless it `isPressing`, one is dialled first. */
function viaTo(
  cluster: Cluster,
  nodeId: string,
  avoided: ReadonlySet<string> | undefined,
  isPressing: boolean,
): Via | undefined {
  const peer = cluster.peers.get(nodeId);
  const record = cluster.membership.get(nodeId)?.record;
  if (peer === undefined || record === undefined || cluster.newestTo(nodeId) !== undefined) return undefined;
  const isDialledFirst = !peer.isUnreachable && peer.urls.length > 0 && cluster.failedDials(nodeId) === 0;
  if (isDialledFirst && !isPressing) return undefined;
  const via = cluster.membership.viaOf(nodeId, avoided);
  return via === undefined ? undefined : { nodeId: via, run: hexOf(record.run) };
}

function otherNodes({ options, capabilities, cluster, questions, nowMs }: TopicsSurroundings): OtherNodes {
  const { interests, membership, self } = cluster;
  return {
    policy: options.policy,
    nowMs,
    ownOrigin: () => originKey(self.nodeId, hexOf(membership.own.run)),
    isMember: (nodeId) => membership.isPresent(nodeId),
    runOf: (nodeId) => {
      const record = membership.isPresent(nodeId) ? membership.get(nodeId)?.record : undefined;
      return cluster.peers.get(nodeId)?.run ?? (record && hexOf(record.run));
    },
    others: () => interests.others(),
    told: (atMs) => interests.told(atMs),
    serves: (nodeId, told) => interests.serves(nodeId, told),
    ask: (nodeId, write, answered, failed, atMs) => {
      const peer = cluster.peers.get(nodeId);
      if (peer === undefined) {
        failed(undefined, atMs);
        return () => undefined;
      }
      const giveUp = questions().ask(
        peer,
        {
          triesMax: 1,
          write,
          answered: (value, whenMs) => {
            answered(decoded(capabilities.codec, value), whenMs);
          },
          failed,
        },
        atMs,
      );
      return () => {
        giveUp("forgotten");
      };
    },
  };
}

/** What cannot be read is nothing that could be believed. */
function decoded(codec: NodeCapabilities["codec"], value: Uint8Array): unknown {
  try {
    return codec.decode(value);
  } catch (error) {
    if (!(error instanceof MpregError)) throw error;
    return undefined;
  }
}

/** A number that only this node knows, without drawing it: what is drawn decides how a simulated world goes on. */
function secretOf(signer: Signer): number {
  const [a = 0, b = 0, c = 0, d = 0] = signer.sign(Uint8Array.of(0x74)); // any message that is never sent
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
