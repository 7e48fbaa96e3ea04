/** Everything that is measured of calls that survive, in order, one by one. */
import { features } from "./features.mjs";
import { intermediates } from "./intermediates.mjs";
import { kills } from "./kills.mjs";
import { overload } from "./overload.mjs";
import { reroutes } from "./reroutes.mjs";
import { restarts } from "./restarts.mjs";

/** @type {readonly import("./measurement.mjs").Measurement[]} */
export const measurements = [features, overload, intermediates, restarts, kills, reroutes];

/** @type {import("./measurement.mjs").Budget} */
export const fullBudget = {
  features: { rounds: 4, turns: 8, warmUpMs: 3_000, blockMs: 400 },
  overload: { factors: [0.5, 0.8, 1, 1.5, 2, 3, 5], warmUpMs: 3_000, settleMs: 3_000, measuredMs: 6_000 },
  intermediates: [
    { mib: 1, runs: 20 },
    { mib: 64, runs: 3 },
    { mib: 1_024, runs: 1 },
  ],
  restarts: { nodes: 5, callsPerSecond: 400, quietMs: 2_000 },
  kills: { nodes: 5, callsPerSecond: 400, kills: 10, everyMs: 5_000, downMs: 1_000 },
  reroutes: { nodes: 5, kills: 10, freezes: 5 },
};

/** @type {import("./measurement.mjs").Budget} */
export const quickBudget = {
  features: { rounds: 1, turns: 1, warmUpMs: 300, blockMs: 100 },
  overload: { factors: [0.5, 5], warmUpMs: 500, settleMs: 500, measuredMs: 1_000 },
  intermediates: [{ mib: 1, runs: 1 }],
  restarts: { nodes: 3, callsPerSecond: 100, quietMs: 250 },
  kills: { nodes: 3, callsPerSecond: 100, kills: 1, everyMs: 2_000, downMs: 250 },
  reroutes: { nodes: 3, kills: 1, freezes: 1 },
};
