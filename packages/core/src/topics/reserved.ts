/**
 * Reserved topics: `mpreg` and all that begins with `mpreg.` belong to the cluster. Users read them, where the policy lets
 * them, and never write them.
 */

/** The pattern of what is reserved. */
export const reservedPattern = "mpreg.#";

const root = "mpreg";
const rootFirst = root.charCodeAt(0);

/** Whether only the cluster may publish to `topic`. */
export function isReserved(topic: string): boolean {
  if (topic.charCodeAt(0) !== rootFirst) return false; // most topics begin otherwise
  return topic.startsWith(root) && (topic.length === root.length || topic.charAt(root.length) === ".");
}
