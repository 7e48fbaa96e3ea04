/**
 * Reserved topics: `mpreg` and all that begins with `mpreg.` belong to the cluster. Users read them, where the policy lets
 * them, and never write them.
 */
import { MpregError, type Pattern, matches, quoted } from "../base/index.js";

/** The pattern of what is reserved. */
export const reservedPattern = "mpreg.#";

const root = "mpreg";
const rootFirst = root.charCodeAt(0);

/** What one subscription has to match: a pattern that begins with a wildcard matches no reserved topic, as in MQTT. */
export function wants(pattern: Pattern, topic: string): boolean {
  return matches(pattern, topic) && (!isReserved(topic) || isReserved(pattern));
}

/** A user wants to publish to a reserved topic. */
export function reservedRefusal(topic: string): MpregError {
  const message = `Cannot publish to ${quoted(topic)}: ${quoted(reservedPattern)} belongs to the cluster; other topics work`;
  return new MpregError("denied", message);
}

/** Whether only the cluster may publish to `topic`. */
export function isReserved(topic: string): boolean {
  if (topic.charCodeAt(0) !== rootFirst) return false; // most topics begin otherwise
  return topic.startsWith(root) && (topic.length === root.length || topic.charAt(root.length) === ".");
}
