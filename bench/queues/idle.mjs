/**
 * Consumers that wait at an empty queue: what they cost the node, in seconds of its CPU per minute.
 *
 * Told twice: while nothing happens at all, and with polls that end after 20 s, as clients' do, and are begun anew.
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
const settleMs = 2_000;
const arriveTimeoutMs = 60_000;

export const idle = {
  name: "queues-idle",
  title: "consumers that wait at an empty queue",
  family: /** @type {const} */ ("mpreg"),
  group: /** @type {const} */ ("idle"),
  whyUnavailable: () => (canSeeProcesses ? undefined : "this system does not tell what another process costs"),
  measure: async (/** @type {import("./exchange.mjs").Budget} */ budget) => {
    const still = await measure(budget, longMs);
    const renewing = await measure(budget, usualMs);
    return { consumers: budget.idleConsumers, cpuSecondsPerMinute: still, cpuSecondsPerMinuteRenewing: renewing };
  },
};

/**
 * @param {import("./exchange.mjs").Budget} budget
 * @param {number} waitMs
 * @returns {Promise<number>}
 */
function measure({ idleConsumers, idleMs }, waitMs) {
  return withQueueNode({ onDisk: false })(({ url, child }) =>
    withChildren(async (open) => {
      const consumers = open(waitersModule);
      await consumers.call("open", { address: url, consumers: idleConsumers, connections, waitMs });
      const { connect } = await importMpreg();
      const client = await connect(url);
      const all = async () => {
        const { waiting } = await client.queue("idle").stats();
        if (waiting < idleConsumers) throw new Error(`${waiting} of ${idleConsumers} consumers wait`);
      };
      await eventually(all, arriveTimeoutMs);
      await client.close();
      await sleep(settleMs);
      const before = cpuSeconds([child.pid]);
      const startedMs = performance.now();
      await sleep(idleMs);
      const used = cpuSeconds([child.pid]) - before;
      return used / ((performance.now() - startedMs) / 60_000);
    }),
  );
}
