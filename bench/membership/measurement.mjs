/**
 * A measurement of membership: one question, with everything that it needs started and ended by itself.
 *
 * @typedef {object} Budget how much is measured
 * @property {{ nodes: number, seeds: number, changes: number }[]} convergence clusters, and functions that come and go in each
 * @property {{ nodes: number, seeds: number, crashes: number }[]} detection
 * @property {number[]} traffic sizes
 * @property {{ settleMs: number, durationMs: number }} trafficMs simulated
 * @property {{ settleMs: number, durationMs: number }} idleMs real
 * @property {{ nodes: number, rounds: number, killed: number, registrations: number }[]} processes meshes of real processes, each
 *   started `rounds` times
 * @property {{ nodes: number, losses: number }} peers how many nodes are lost one after the other, in each way
 *
 * @typedef {object} Measurement
 * @property {string} name what `--only` takes and what the JSON is keyed by
 * @property {string} title
 * @property {() => string | undefined} [whyUnavailable]
 * @property {(budget: Budget, onProgress: (line: string) => void) => Promise<object>} measure
 */
export {};
