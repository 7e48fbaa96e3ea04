/** Circuit event: what is told when a circuit turns. */
import type { Offer } from "../catalog/index.js";
import type { Peer } from "../rpc/index.js";
import type { NodeEvent } from "./types.js";

export function circuitEvent({ owner: { nodeId, name }, fun, traits: { version }, breaker }: Offer<Peer>): NodeEvent {
  const where = { nodeId, name, fun, version };
  if (!breaker.isTripped) return { kind: "circuit-closed", ...where };
  const { openMsMax, reason } = breaker;
  return { kind: "circuit-opened", ...where, openMsMax, reason };
}
