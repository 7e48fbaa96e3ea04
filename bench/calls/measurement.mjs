/**
 * A measurement of calls that survive: one question, with everything that it needs started and ended by itself.
 *
 * @typedef {object} Budget how much is measured
 * @property {{ rounds: number, turns: number, warmUpMs: number, blockMs: number }} features processes started anew, and blocks of
 *   each variant in them
 * @property {{ factors: number[], warmUpMs: number, settleMs: number, measuredMs: number }} overload offered load, in capacities
 * @property {{ mib: number, runs: number }[]} intermediates sizes, and chains of each
 * @property {{ nodes: number, callsPerSecond: number, quietMs: number }} restarts `quietMs`: before the first and after each
 * @property {{ nodes: number, callsPerSecond: number, kills: number, everyMs: number, downMs: number }} kills
 * @property {{ nodes: number, kills: number, freezes: number }} reroutes
 *
 * @typedef {object} Measurement
 * @property {string} name what `--only` takes and what the JSON is keyed by
 * @property {string} title
 * @property {() => string | undefined} [whyUnavailable]
 * @property {(budget: Budget, onProgress: (line: string) => void) => Promise<object>} measure
 */
export {};
