/**
 * Hear: which message of another node is for which part of membership.
 */
import type { Message } from "../wire/index.js";
import type { Membership } from "./membership.js";

/** Takes a message of the node `from`; answers whether it was about membership. */
export function hear(membership: Membership, from: string, message: Message, nowMs: number): boolean {
  const { prober } = membership;
  switch (message.kind) {
    case "probe":
      prober.onProbe(from, message, nowMs);
      return true;
    case "probe-ack":
      prober.onProbeAck(from, message, nowMs);
      return true;
    case "probe-request":
      prober.onProbeRequest(from, message);
      return true;
    case "probe-report":
      prober.onProbeReport(from, message, nowMs);
      return true;
    case "record":
      membership.onRecord(from, message, nowMs);
      return true;
    case "accusation":
      membership.onAccusation(from, message, nowMs);
      return true;
    case "digest":
      membership.onDigest(from, message);
      return true;
    case "digest-lines":
      membership.onDigestLines(from, message);
      return true;
    default:
      return false;
  }
}
