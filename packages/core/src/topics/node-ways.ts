/**
 * Node ways: how the exchange of a node reaches those of others, over native links.
 *
 * (E1) How much is on its way to a node its route bounds, so that it is never refused for what else waits on the link: calls with large
 *      answers do not starve topics.
 */
import { writeForward, writeForwardedUntil } from "../wire/index.js";
import type { ForwardSink, ForwardTerms, Handed } from "./forwarding.js";
import type { TopicChannel } from "./topic-channel.js";

/** Other nodes over native links. `linkTo` answers the link to one that new messages take, if there is one. `reach` opens one for what waits. */
export function nodeWays(
  linkTo: (nodeId: string) => TopicChannel | undefined,
  reach: (nodeId: string) => void,
  runOf: (nodeId: string) => string | undefined,
): ForwardSink {
  return {
    runOf,
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
