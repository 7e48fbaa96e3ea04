/** The node behind which the cost of features is measured: a child module. */
import { importMpreg } from "./build.mjs";
import { startTracing, untraced } from "./traced.mjs";

export { exportedSpans } from "./traced.mjs";

/**
 * @param {{ sampling: number | null, traced?: boolean }} wanted share of the traces that are sampled, null = no SDK; and
 *   whether mpreg is to know of it
 * @returns {Promise<string>} the node's URL
 */
export async function open({ sampling, traced = true }) {
  if (sampling !== null) startTracing(sampling);
  const { createNode } = await importMpreg();
  const node = await createNode({
    name: "entry",
    port: 0,
    log: "error",
    ...(traced ? {} : { openTelemetry: untraced }),
  });
  node.register("reply", (/** @type {unknown} */ value) => value);
  node.register("retried", (/** @type {unknown} */ value) => value, { idempotent: true });
  return node.url;
}
