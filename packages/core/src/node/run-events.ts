/** Run events: what is told of circuits that turn, and of handlers that run on. */
import type { Offer } from "../catalog/index.js";
import { type Peer, type RpcHost, requestIdOf } from "../rpc/index.js";
import type { NodeEffects, NodeEvent } from "./types.js";

export function runEvents(effects: Pick<NodeEffects, "report">): Pick<RpcHost, "circuit" | "runsOn"> {
  return {
    circuit: (offer) => {
      effects.report(circuitEvent(offer));
    },
    runsOn: ({ fun, step, coordinator, request, forMs }) => {
      effects.report({ kind: "handler-abandoned", fun, request: requestIdOf(coordinator, request), step, forMs });
    },
  };
}

function circuitEvent({ owner: { nodeId, name }, fun, traits: { version }, breaker }: Offer<Peer>): NodeEvent {
  const where = { nodeId, name, fun, version };
  if (!breaker.isTripped) return { kind: "circuit-closed", ...where };
  const { openMsMax, reason } = breaker;
  return { kind: "circuit-opened", ...where, openMsMax, reason };
}
