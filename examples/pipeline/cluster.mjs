/**
 * The five nodes: which there are, how they find each other, when they are ready, how they end.
 *
 * (C1) Whatever fails, no process that was started here is left behind.
 * (C2) The cluster is ready when the router knows of every function; until then a call might find nobody to run it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { launch } from "./node-process.mjs";

const KNOWN_MS_MAX = 30_000;
const role = (name) => fileURLToPath(new URL(`./roles/${name}.mjs`, import.meta.url));

/** The router holds nothing and runs nothing: it is the door, and coordinates the requests that come in through it. */
const ROUTER = { name: "router", resources: [] };
const WORKERS = [
  { name: "ingestion", resources: ["ingestion", "raw-data"], module: role("ingestion") },
  { name: "processing", resources: ["processing", "etl"], module: role("processing") },
  { name: "analytics", resources: ["analytics", "ml"], module: role("analytics") },
  { name: "storage", resources: ["storage", "database"], module: role("storage") },
];

/**
 * Starts the router, then the others with the router as their only peer: they learn of each other through it.
 *
 * @param {object} options
 * @param {string} options.store                      folder in which the storage node may write
 * @param {AbortSignal} options.signal                gives up while the nodes are starting
 * @param {(message: string) => void} options.onLost  told when a node ends that nobody asked to end
 * @returns {Promise<{ nodes: import("./node-process.mjs").StartedNode[], router: import("./node-process.mjs").StartedNode,
 *                     stop(): Promise<void> }>}
 */
export async function startCluster({ store, signal, onLost }) {
  /** @type {ReturnType<typeof launch>[]} */
  const launched = [];
  const start = (which, peers) => {
    const one = launch(which, peers, { ...process.env, PIPELINE_STORE: store });
    launched.push(one);
    return one.ready;
  };
  const killAll = () => launched.forEach((one) => one.kill());
  const stop = async () => {
    await Promise.all(launched.map((one) => one.stop()));
    process.off("exit", killAll);
  };

  process.on("exit", killAll); // (C1) the last resort, when this program ends and nobody called stop
  try {
    const aborted = new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {}); // it may come when nobody waits any more
    const router = await Promise.race([start(ROUTER, []), aborted]);
    const workers = await Promise.race([Promise.all(WORKERS.map((one) => start(one, [router.url]))), aborted]);
    for (const one of launched) void one.lost.then(onLost);
    return { nodes: [router, ...workers], router, stop };
  } catch (error) {
    await stop(); // (C1)
    throw error;
  }
}

/**
 * Waits until the node that `client` is connected to knows of all `functions` (C2).
 *
 * @param {import("mpreg").Client} client
 * @param {string[]} functions
 * @param {AbortSignal} signal
 */
export async function whenKnown(client, functions, signal) {
  const deadline = performance.now() + KNOWN_MS_MAX;
  for (;;) {
    const known = new Set((await client.functions({ signal })).map(({ name }) => name));
    const missing = functions.filter((name) => !known.has(name));
    if (missing.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`After ${KNOWN_MS_MAX / 1000} s the router does not know of ${missing.join(", ")}`);
    }
    await sleep(20, undefined, { signal });
  }
}
