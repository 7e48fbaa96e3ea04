/** The node behind which the cost of features is measured: a child module. */
import { importMpreg } from "./build.mjs";
import { startTracing } from "./traced.mjs";

export { exportedSpans } from "./traced.mjs";

/**
 * @param {{ sampling: number | null }} wanted share of the traces that are sampled; null = no SDK
 * @returns {Promise<string>} the node's URL
 */
export async function open({ sampling }) {
  if (sampling !== null) startTracing(sampling);
  const { createNode } = await importMpreg();
  const node = await createNode({ name: "entry", port: 0, log: "error" });
  node.register("reply", (/** @type {unknown} */ value) => value);
  node.register("retried", (/** @type {unknown} */ value) => value, { idempotent: true });
  return node.url;
}
