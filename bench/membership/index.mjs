/** Everything that is measured of membership, in order: the simulated first, on all cores; the real ones one by one. */
import { convergence } from "./convergence.mjs";
import { detection } from "./detection.mjs";
import { peers } from "./peers.mjs";
import { processes } from "./processes.mjs";
import { traffic } from "./traffic.mjs";

/** @type {readonly import("./measurement.mjs").Measurement[]} */
export const measurements = [convergence, detection, traffic, processes, peers];

/** @type {import("./measurement.mjs").Budget} */
export const fullBudget = {
  convergence: [
    { nodes: 5, seeds: 5, changes: 10 },
    { nodes: 20, seeds: 5, changes: 10 },
    { nodes: 100, seeds: 3, changes: 4 },
    { nodes: 200, seeds: 1, changes: 5 },
  ],
  detection: [
    { nodes: 20, seeds: 5, crashes: 4 },
    { nodes: 200, seeds: 1, crashes: 4 },
  ],
  traffic: [5, 20, 50, 100, 200],
  trafficMs: { settleMs: 120_000, durationMs: 60_000 },
  idleMs: { settleMs: 5_000, durationMs: 15_000 },
  processes: [
    { nodes: 5, rounds: 3, killed: 0, registrations: 10 },
    { nodes: 24, rounds: 3, killed: 8, registrations: 10 },
  ],
  peers: { nodes: 20, losses: 3 },
};

/** @type {import("./measurement.mjs").Budget} */
export const quickBudget = {
  convergence: [
    { nodes: 5, seeds: 1, changes: 2 },
    { nodes: 20, seeds: 1, changes: 2 },
  ],
  detection: [{ nodes: 20, seeds: 1, crashes: 1 }],
  traffic: [5, 20],
  trafficMs: { settleMs: 30_000, durationMs: 10_000 },
  idleMs: { settleMs: 1_000, durationMs: 2_000 },
  processes: [
    { nodes: 3, rounds: 1, killed: 0, registrations: 3 },
    { nodes: 6, rounds: 1, killed: 2, registrations: 3 },
  ],
  peers: { nodes: 5, losses: 1 },
};
