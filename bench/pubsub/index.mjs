/** Everything that is measured of publish/subscribe through sockets, in the order of a round. */
import { mpreg } from "./mpreg.mjs";
import { peers } from "./peers.mjs";

export const contestants = [...mpreg, ...peers];

/** @type {import("./contestant.mjs").Budget} */
export const fullBudget = {
  warmUpMs: 2_000,
  blocks: 5,
  blockMs: 600,
  latencyMs: 2_000,
  quietMs: 3_000,
  settleMs: 1_500,
  idleSubscriptions: 50_000, // of fewer the heap that a node grows into is most
};

/** @type {import("./contestant.mjs").Budget} */
export const quickBudget = {
  warmUpMs: 300,
  blocks: 2,
  blockMs: 150,
  latencyMs: 300,
  quietMs: 3_000,
  settleMs: 300,
  idleSubscriptions: 2_000,
};
