/**
 * Node ways: how the exchange of a node reaches those of others, over native links.
 *
 * (E1) How much is on its way to a node its route bounds, so that it is never refused for what else waits on the link: calls with large
 *      answers do not starve topics.
 */
import { writeForward, writeForwardOver, writeForwardedUntil } from "../../wire/index.js";
import { type OverHost, tellOver } from "./over-neighbours.js";
import type { OverSink } from "./over-routes.js";
import type { ForwardSink } from "./forwarding.js";
import type { ForwardTerms, Handed } from "./route.js";
import type { TopicChannel } from "../topic-channel.js";

/** Other nodes over native links. `linkTo` answers the link to one that new messages take, if there is one. `reach` opens one for what waits. */
export function nodeWays(
  linkTo: (nodeId: string) => TopicChannel | undefined,
  reach: (nodeId: string) => void,
  runOf: (nodeId: string) => string | undefined,
  over?: OverWays,
): ForwardSink {
  return {
    runOf,
    over: over && overSink(linkTo, reach, over),
    forward: (nodeId: string, sequence: number, terms: ForwardTerms, nowMs: number, message: Uint8Array): Handed => {
      const link = linkTo(nodeId)?.link;
      if (link === undefined) {
        reach(nodeId);
        return "unreached";
      }
      const { groups, sinceMs, confirmation, tried } = terms;
      const isConfirmed = confirmation?.isOver === false ? true : undefined;
      const waitedMs = Math.ceil(nowMs - sinceMs);
      writeForward(link.outbox.writer, { sequence, groups, waitedMs, isConfirmed, tried, relay: undefined, message });
      return link.outbox.commitWindowed(link.remoteMessageBytesMax) < 0 ? "refused" : "sent";
    },
    forwardedUntil: (nodeId, sequence) => {
      const outbox = linkTo(nodeId)?.link.outbox;
      if (outbox === undefined || sequence === 0) return;
      writeForwardedUntil(outbox.writer, sequence);
      outbox.commitCancel(); // whatever waits: a few bytes for each link and each drop
    },
  };
}

/** What it takes to go over neighbours. */
export interface OverWays extends Pick<OverHost, "selfId" | "run">, Pick<OverSink, "viaTo" | "runOf"> {}

const unknownRun = new Uint8Array(8);

function overSink(
  linkTo: (nodeId: string) => TopicChannel | undefined,
  reach: (nodeId: string) => void,
  over: OverWays,
): OverSink {
  return {
    reach,
    viaTo: (nodeId, avoided, isPressing) => over.viaTo(nodeId, avoided, isPressing),
    runOf: (nodeId) => over.runOf(nodeId),
    forward: (via, ends, { sinceMs, confirmation, tried }, nowMs, message) => {
      const link = linkTo(via)?.link;
      if (link === undefined) return "unreached";
      const isConfirmed = confirmation?.isOver === false ? true : undefined;
      const waitedMs = Math.ceil(nowMs - sinceMs);
      const from = { origin: over.selfId, run: over.run() };
      const runs = ends.map(({ run }) => run ?? unknownRun);
      writeForwardOver(link.outbox.writer, { ...from, ends, runs, waitedMs, isConfirmed, tried, message });
      return link.outbox.commitWindowed(link.remoteMessageBytesMax) < 0 ? "refused" : "sent";
    },
    forwardedUntil: (via, nodeId, run, until) => {
      const channel = linkTo(via);
      if (channel !== undefined) tellOver(channel, over, { nodeId, run }, { until });
    },
  };
}
