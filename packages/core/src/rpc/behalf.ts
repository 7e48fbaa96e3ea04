/**
 * Behalf: for whom a node works that asks for a step.
 *
 * (B1) A subject is made once per client of a link, not per step; of more than {@link behalfMax} all are forgotten.
 */
import type { Subject } from "../base/index.js";
import type { StepMessage, StepRelay, WatchMessage } from "../wire/index.js";
import type { RpcHost } from "./host.js";
import type { Channel } from "./task.js";

const behalfMax = 10_000;

/** For whom the far side of `channel`, or whoever it passes a step on for, works. */
export function callerOf(
  channel: Channel,
  { behalf }: Pick<StepMessage, "behalf">,
  relay: Pick<StepRelay, "origin"> | undefined,
  host: Pick<RpcHost, "peer">,
): Subject {
  const { subject } = channel;
  if (relay === undefined || subject.kind !== "node") {
    return behalf === undefined ? subject : behalfOf(channel, behalf, nameOf(subject));
  }
  const name = host.peer(relay.origin)?.name ?? relay.origin;
  return behalf === undefined ? { ...subject, nodeId: relay.origin, name } : behalfOf(channel, behalf, name);
}

/** For whom a node wants to know what becomes of a request. */
export function watcherOf(
  channel: Channel,
  message: Pick<WatchMessage, "behalf" | "relay">,
  host: Pick<RpcHost, "peer">,
): Subject | undefined {
  if (channel.subject.kind !== "node") return undefined;
  const watcher = callerOf(channel, message, message.relay, host);
  return watcher === channel.subject ? undefined : watcher;
}

/** The client at `address` for whom the node `via` works, as the far side of `channel` tells. */
function behalfOf(channel: Channel, address: string, via: string | undefined): Subject {
  const key = via === nameOf(channel.subject) ? address : `${address} ${via ?? ""}`;
  const known = channel.behalf.get(key);
  if (known !== undefined) return known;
  const subject: Subject = { kind: "client", address, credentials: undefined, via };
  if (channel.behalf.size >= behalfMax) channel.behalf.clear(); // (B1)
  channel.behalf.set(key, subject);
  return subject;
}

function nameOf(subject: Subject): string | undefined {
  return subject.kind === "node" ? subject.name : undefined;
}
