/**
 * A measurement of topics: one question, with everything that it needs started and ended by itself.
 *
 * @typedef {object} Budget how much is measured
 * @property {{ rounds: number, turns: number, subscriptions: number, publishes: number }} matching processes started anew, and
 *   blocks of each variant in them, of so many publishes
 * @property {{ words: number[], matches: number }} worst words of topics, and matches of each
 *
 * @typedef {object} Measurement
 * @property {string} name what `--only` takes and what the JSON is keyed by
 * @property {string} title
 * @property {() => string | undefined} [whyUnavailable]
 * @property {(budget: Budget, onProgress: (line: string) => void) => Promise<object>} measure
 */
export {};
