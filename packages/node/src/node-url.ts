/**
 * Node URL: what an address of a node looks like, wherever one is given.
 */

/** For messages that refuse others. */
export const nodeUrlsLike = "URLs like ws://127.0.0.1:9001";

/** True for a `ws:` or `wss:` URL. A fragment is refused: a WebSocket cannot be opened to one. */
export function isNodeUrl(value: unknown): value is string {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, hash } = new URL(value);
  return (protocol === "ws:" || protocol === "wss:") && hash === "";
}
