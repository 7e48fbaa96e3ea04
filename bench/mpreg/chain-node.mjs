/** A node of a chain with large intermediates: a child module. */
import { importMpreg } from "./build.mjs";
import { assertMade, fill, turned } from "./large-value.mjs";

const handlers = {
  /** A new value of so many bytes. */
  make: (/** @type {number} */ bytes) => fill(bytes),
  /** Another value, as large as what it was given. */
  turn: (/** @type {Uint8Array} */ value) => turned(value),
  /** How many bytes it was given, once all of them are what they should be. */
  digest: (/** @type {Uint8Array} */ value) => assertMade(value, { isTurned: true }),
};

/**
 * @param {{ name: string, functions: (keyof typeof handlers)[], peers: string[], limits: object }} wanted
 * @returns {Promise<string>} the node's URL
 */
export async function open({ name, functions, peers, limits }) {
  const { createNode } = await importMpreg();
  const node = await createNode({ name, port: 0, peers, limits, log: "error" });
  for (const fun of functions) node.register(fun, handlers[fun]);
  return node.url;
}
