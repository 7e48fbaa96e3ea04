/**
 * Rates: what topics of a cluster do in a second, from two reports of each node.
 *
 * (R1) Both counts are of one process, and the time between them is that of its clock; else there is no rate.
 * (R2) Subscriptions that were not there before have come since: all that they were handed is of this time. Not so where the report
 *      before has left some out.
 * (R3) What is put together of several nodes has a rate where each of its parts has.
 */
import type { SubscriptionTally, TopicReport } from "@mpreg/client";
import type { MpregError } from "@mpreg/core/base";

/** What a node has told, or why it has not; `id` is the same in both reports of a node. */
export type NodeReport =
  | { readonly id: string; readonly report: TopicReport }
  | { readonly id: string; readonly name: string; readonly error: MpregError };

/** In a second; absent where it is not known. */
export interface Rates {
  readonly published?: number;
  readonly received?: number;
  readonly forwarded?: number;
  readonly handed?: number;
}

export type NodeTopics = Omit<TopicReport, "wanted" | "leftOut"> & { readonly perSecond: Rates };

/** Subscriptions of the same patterns in the same group, on all nodes together. */
export interface WantedTopics extends Omit<SubscriptionTally, "id"> {
  /** Names. */
  readonly nodes: readonly string[];
  readonly handedPerSecond?: number;
}

export interface ClusterTopics {
  readonly nodes: readonly NodeTopics[];
  /** The busiest first. */
  readonly wanted: readonly WantedTopics[];
  /** Kinds of subscriptions that are not told of. */
  readonly leftOut: number;
  readonly untold: readonly { readonly node: string; readonly code: string; readonly message: string }[];
}

export function clusterTopics(before: readonly NodeReport[], now: readonly NodeReport[]): ClusterTopics {
  const earlier = new Map(before.flatMap((each) => ("report" in each ? [[each.id, each.report] as const] : [])));
  const nodes: NodeTopics[] = [];
  const wanted = new Map<string, WantedTopics>();
  const untold: ClusterTopics["untold"][number][] = [];
  let leftOutCount = 0;
  for (const each of now) {
    if ("error" in each) {
      untold.push({ node: each.name, code: each.error.code, message: each.error.message });
      continue;
    }
    const { wanted: entries, leftOut, ...report } = each.report;
    const last = sameProcess(earlier.get(each.id), each.report);
    nodes.push({ ...report, perSecond: ratesOf(last, each.report) });
    leftOutCount += leftOut;
    for (const entry of entries) {
      const key = JSON.stringify([entry.group ?? null, ...entry.patterns]);
      wanted.set(key, joined(wanted.get(key), entry, report.node, rateOf(last, each.report, entry)));
    }
  }
  return { nodes, wanted: [...wanted.values()].sort(busiestFirst), leftOut: leftOutCount, untold };
}

/** (R1) */
function sameProcess(before: TopicReport | undefined, now: TopicReport): TopicReport | undefined {
  if (before === undefined || before.atMs >= now.atMs) return undefined;
  const hasShrunk = before.published > now.published || before.received > now.received || before.handed > now.handed;
  return hasShrunk ? undefined : before;
}

function ratesOf(before: TopicReport | undefined, now: TopicReport): Rates {
  if (before === undefined) return {};
  const seconds = (now.atMs - before.atMs) / 1000;
  return {
    published: (now.published - before.published) / seconds,
    received: (now.received - before.received) / seconds,
    forwarded: (now.forwarded - before.forwarded) / seconds,
    handed: (now.handed - before.handed) / seconds,
  };
}

function rateOf(before: TopicReport | undefined, now: TopicReport, entry: SubscriptionTally): number | undefined {
  if (before === undefined) return undefined;
  const earlier = before.wanted.find(({ id }) => id === entry.id);
  if (earlier === undefined && before.leftOut > 0) return undefined; // (R2)
  return ((entry.handed - (earlier?.handed ?? 0)) * 1000) / (now.atMs - before.atMs);
}

/** (R3) */
function joined(
  sum: WantedTopics | undefined,
  entry: SubscriptionTally,
  node: string,
  rate: number | undefined,
): WantedTopics {
  const { id: _id, ...counts } = entry;
  const known = (perSecond: number | undefined): object =>
    perSecond === undefined ? {} : { handedPerSecond: perSecond };
  if (sum === undefined) return { ...counts, nodes: [node], ...known(rate) };
  const { handedPerSecond, ...others } = sum;
  return {
    ...others,
    nodes: [...sum.nodes, node],
    subscriptions: sum.subscriptions + counts.subscriptions,
    handed: sum.handed + counts.handed,
    dropped: sum.dropped + counts.dropped,
    waiting: sum.waiting + counts.waiting,
    waitingBytes: sum.waitingBytes + counts.waitingBytes,
    ...known(handedPerSecond === undefined || rate === undefined ? undefined : handedPerSecond + rate),
  };
}

function busiestFirst(a: WantedTopics, b: WantedTopics): number {
  return (b.handedPerSecond ?? 0) - (a.handedPerSecond ?? 0) || b.waiting - a.waiting || b.handed - a.handed;
}
