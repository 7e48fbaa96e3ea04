/**
 * Serf's convergence simulator: the share of a cluster that has heard of an event, after so many rounds of gossip.
 *
 * The model is the one published with Serf at https://www.serf.io/docs/internals/simulator.html, an epidemic in which
 * the chance to be told grows with the share that knows: after r rounds 1 / (1 + (n + 1) e^(-r fanout (1 - loss) / 2)),
 * drawn there until it passes 99.99 %. It is a model: no Serf was measured for it, and its end is a whole round.
 */

/** The figures that the simulator starts with, which are Serf's in the profile `lan`. */
const gossipIntervalMs = 200;
const fanout = 3;
const convergedShare = 0.9999;

/** @typedef {{ nodes: number, lossRatio: number }} Cluster */

/**
 * @param {number} ms since the event
 * @param {Cluster} cluster
 * @returns {number} from 0 to 1
 */
export function serfShareAt(ms, { nodes, lossRatio }) {
  const reachedPerRound = (fanout * (1 - lossRatio)) / 2;
  return 1 / (1 + (nodes + 1) * Math.exp(-reachedPerRound * (ms / gossipIntervalMs)));
}

/**
 * @param {Cluster} cluster
 * @returns {number} ms until practically everybody knows
 */
export function serfConvergenceMs(cluster) {
  let ms = 0;
  while (serfShareAt(ms, cluster) < convergedShare) ms += gossipIntervalMs;
  return ms;
}
