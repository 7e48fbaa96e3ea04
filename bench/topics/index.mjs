/** Everything that is measured of topics, in order, one by one. */
import { matching } from "./matching.mjs";
import { worst } from "./worst.mjs";

/** @type {readonly import("./measurement.mjs").Measurement[]} */
export const measurements = [matching, worst];

/** @type {import("./measurement.mjs").Budget} */
export const fullBudget = {
  matching: { rounds: 3, turns: 5, subscriptions: 100_000, publishes: 1_000_000 },
  worst: { words: [64, 256, 1_024], matches: 200 },
};

/** @type {import("./measurement.mjs").Budget} */
export const quickBudget = {
  matching: { rounds: 1, turns: 1, subscriptions: 2_000, publishes: 20_000 },
  worst: { words: [64, 256], matches: 20 },
};
