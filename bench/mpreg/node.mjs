/** A process with one node: a child module. */
import { importMpreg } from "./build.mjs";

export { sampleMemory } from "../lib/memory.mjs";

/**
 * What a node of the benchmarks can be told to offer.
 *
 * @param {{ context: Function }} mpreg
 */
const createHandlers = ({ context }) => ({
  identity: (/** @type {unknown} */ value) => value,
  one: () => 1,
  add: (/** @type {number} */ a, /** @type {number} */ b) => a + b,
  sum: (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0),
  fail: () => {
    throw new Error("This function always fails");
  },
  /** Runs until it is cancelled. */
  wait: () => new Promise((resolve) => context().signal.addEventListener("abort", resolve, { once: true })),
});

/**
 * @param {{ name: string, functions?: Record<string, keyof ReturnType<typeof createHandlers>>, peers?: string[] }} wanted
 * @returns {Promise<string>} the node's URL
 */
export async function open({ name, functions = {}, peers = [] }) {
  const mpreg = await importMpreg();
  const handlers = createHandlers(mpreg);
  const node = await mpreg.createNode({ name, port: 0, peers, log: "error" });
  for (const [offered, handler] of Object.entries(functions)) node.register(offered, handlers[handler]);
  return node.url;
}
