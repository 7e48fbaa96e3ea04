/**
 * A contestant: one thing that is measured, with fresh processes in every round.
 *
 * @typedef {object} Contestant
 * @property {string} name what `--only` takes and what the JSON is keyed by
 * @property {"bare" | "peer" | "mpreg"} family a bare limit, somebody else's product, or ours; `--only` takes it too
 * @property {"echo" | "graph" | "memory"} group the table it stands in
 * @property {string} title what it is, for the table
 * @property {() => string | undefined} [whyUnavailable] why it cannot run on this machine
 * @property {(budget: import("../lib/load.mjs").Budget) => Promise<Record<string, number>>} measure one round: starts,
 *   measures and ends everything; the keys of the figures end with their unit
 */
export {};
