/**
 * Simulated clusters under measurement: a child module.
 *
 * Everything is simulated time, so neither the machine nor what else runs on it changes a figure: the same job gives the
 * same answer.
 */
import { importSimulatedCluster } from "./build.mjs";

const agreedWithinMs = 60_000;

/**
 * How long all nodes take to learn that one of them offers a function, and that it does so no longer.
 *
 * @param {{ nodes: number, lossRatio: number, seed: number, changes: number }} job `changes`: functions that come and go
 * @returns {Promise<{ added: number[][], removed: number[][] }>} for each function the ms after which each node knew
 */
export async function measureConvergence({ nodes, lossRatio, seed, changes }) {
  const { SimulatedCluster } = await importSimulatedCluster();
  const cluster = new SimulatedCluster({ seed, nodes, lossRatio });
  await cluster.form();
  /** @type {number[][]} */
  const added = [];
  /** @type {number[][]} */
  const removed = [];
  for (let change = 0; change < changes; change++) {
    const node = cluster.nodes[Math.floor(((change + 0.5) * nodes) / changes)];
    const fun = `new-${change}`;
    await quiet(cluster, `before ${fun}`);
    node.register(fun, () => fun);
    added.push(await learned(cluster, (each) => each.knows(fun), 0.05));
    await quiet(cluster, `after ${fun}`);
    node.unregister(fun);
    removed.push(await learned(cluster, (each) => !each.knows(fun), 0.05));
  }
  return { added, removed };
}

/**
 * How long all nodes take to notice that one of them is gone.
 *
 * @param {{ nodes: number, profile: string, seed: number, crashes: number, silent: boolean }} job with `silent` the whole
 *   machine falls silent, otherwise its connections break
 * @returns {Promise<{ unroutedMs: number[], downMs: number[], wronglyDown: number }>} for each crash and each node that is
 *   left: ms until nothing is sent there any more, and until it is down; how often another node was taken for down
 */
export async function measureDetection({ nodes, profile, seed, crashes, silent }) {
  const { SimulatedCluster, watchLosses } = await importSimulatedCluster();
  const cluster = new SimulatedCluster({ seed, nodes, profile });
  await cluster.form();
  const { world } = cluster;
  const losses = watchLosses(world);
  /** @type {number[]} */
  const unroutedMs = [];
  /** @type {number[]} */
  const downMs = [];
  let wronglyDown = 0;
  for (let crash = 0; crash < crashes; crash++) {
    await quiet(cluster, `before crash ${crash}`);
    const index = Math.floor(((crash + 0.5) * nodes) / crashes);
    const victim = cluster.nodes[index];
    const startedMs = world.nowMs;
    losses.length = 0;
    victim.crash({ silent });
    unroutedMs.push(...(await learned(cluster, (each) => !each.knows(`f${index}`), 1)));
    const isVictim = (/** @type {{ lost: string }} */ { lost }) => lost === victim.name;
    await cluster.until(() => losses.filter(isVictim).length >= nodes - 1, agreedWithinMs);
    downMs.push(...losses.filter(isVictim).map((/** @type {{ atMs: number }} */ { atMs }) => atMs - startedMs));
    victim.restart({ keepKey: true });
    await cluster.untilAgreed(agreedWithinMs);
    wronglyDown += losses.length - (nodes - 1);
  }
  return { unroutedMs, downMs, wronglyDown };
}

/**
 * What a node of an idle cluster sends, once the links that nobody wants are closed.
 *
 * @param {{ nodes: number, seed: number, settleMs: number, durationMs: number }} job
 */
export async function measureTraffic({ nodes, seed, settleMs, durationMs }) {
  const { SimulatedCluster } = await importSimulatedCluster();
  const cluster = new SimulatedCluster({ seed, nodes });
  await cluster.form();
  await cluster.world.sleep(settleMs);
  const before = process.cpuUsage();
  const bytesPerSecond = await cluster.traffic(durationMs);
  const { user, system } = process.cpuUsage(before);
  const cpuPercent = ((user + system) / 1_000 / durationMs / nodes) * 100;
  return { bytesPerSecond, cpuPercent, sockets: cluster.sockets(), observersMin: Math.min(...cluster.observers()) };
}

/**
 * After how many ms each node that is up knows.
 *
 * @param {any} cluster
 * @param {(node: any) => boolean} knows
 * @param {number} lookEveryMs
 * @returns {Promise<number[]>} ascending, to `lookEveryMs`
 */
async function learned(cluster, knows, lookEveryMs) {
  const { world, up } = cluster;
  const startedMs = world.nowMs;
  /** @type {number[]} */
  const times = [];
  let ignorant = up;
  const tell = () => {
    const before = ignorant.length;
    ignorant = ignorant.filter((/** @type {any} */ node) => !knows(node));
    for (let told = ignorant.length; told < before; told++) times.push(world.nowMs - startedMs);
    return ignorant.length === 0;
  };
  await cluster.until(tell, agreedWithinMs, () => `${ignorant.length} nodes have not learned of it`, lookEveryMs);
  return times;
}

/**
 * Lets what happened before end, and the next thing begin at no particular moment of anybody's intervals.
 *
 * @param {any} cluster
 * @param {string} moment
 */
async function quiet({ world }, moment) {
  await world.sleep(2_000 + world.random(moment).integer(0, 1_000));
}
