/**
 * Consumers that wait at an empty queue: what they cost the node, in seconds of its CPU per minute.
 *
 * Told of four nodes that are watched at the same time: one that nobody is connected to, one with connections that do nothing, one with as many
 * connections over which the consumers wait, and one where their polls end after 20 s, as clients' do, and are begun anew. What waiting costs is the
 * third without the second: connections are kept alive by pings, whatever they are for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { withChildren } from "../lib/child.mjs";
import { eventually } from "../lib/eventually.mjs";
import { canSeeProcesses, cpuSeconds } from "../lib/processes.mjs";
import { importMpreg } from "../mpreg/build.mjs";
import { withQueueNode } from "./brokers.mjs";

const waitersModule = new URL("../mpreg/queue-waiters.mjs", import.meta.url);
const connections = 100;
/** Longer than anything is watched. */
const longMs = 10 * 60_000;
/** As long as a client's poll is by itself. */
const usualMs = 20_000;
const arriveTimeoutMs = 60_000;

export const idle = {
  name: "queues-idle",
  title: "consumers that wait at an empty queue",
  family: /** @type {const} */ ("mpreg"),
  group: /** @type {const} */ ("idle"),
  whyUnavailable: () => (canSeeProcesses ? undefined : "this system does not tell what another process costs"),
  measure: async (/** @type {import("./exchange.mjs").Budget} */ budget) => {
    const { idleConsumers: consumers } = budget;
    const [alone, connected, still, renewing] = await Promise.all([
      watch(budget, { consumers: 0, connections: 0, waitMs: longMs }),
      watch(budget, { consumers: 0, connections, waitMs: longMs }),
      watch(budget, { consumers, connections, waitMs: longMs }),
      watch(budget, { consumers, connections, waitMs: usualMs }),
    ]);
    return {
      consumers,
      connections,
      cpuSecondsPerMinuteAlone: alone,
      cpuSecondsPerMinuteConnected: connected,
      cpuSecondsPerMinute: still,
      cpuSecondsPerMinuteOfPolls: still - connected,
      cpuSecondsPerMinuteRenewing: renewing,
    };
  },
};

/**
 * @param {import("./exchange.mjs").Budget} budget
 * @param {{ consumers: number, connections: number, waitMs: number }} load
 * @returns {Promise<number>}
 */
function watch({ idleSettleMs, idleMs }, load) {
  return withQueueNode({ onDisk: false })(({ url, child }) =>
    withChildren(async (open) => {
      if (load.connections > 0) await open(waitersModule).call("open", { address: url, ...load });
      if (load.consumers > 0) await allWait(url, load.consumers);
      await sleep(idleSettleMs);
      const before = cpuSeconds([child.pid]);
      const startedMs = performance.now();
      await sleep(idleMs);
      const used = cpuSeconds([child.pid]) - before;
      return used / ((performance.now() - startedMs) / 60_000);
    }),
  );
}

/**
 * @param {string} url
 * @param {number} consumers
 */
async function allWait(url, consumers) {
  const { connect } = await importMpreg();
  const client = await connect(url);
  await eventually(async () => {
    const { waiting } = await client.queue("idle").stats();
    if (waiting < consumers) throw new Error(`${waiting} of ${consumers} consumers wait`);
  }, arriveTimeoutMs);
  await client.close();
}
