/** What mpreg wants to reach with topics: each target is a bound on a figure, or on a ratio of two, of the same run. */
import { verdictOn } from "../lib/verdicts.mjs";

/**
 * @typedef {object} Measured what was measured, by measurement; what was not is not there
 * @property {import("./matching.mjs").Matching} [matching]
 * @property {import("./worst.mjs").Worst} [worst-patterns]
 *
 * @typedef {import("../lib/verdicts.mjs").Bound & { measure: (measured: Measured) => number | undefined }} Target
 */

const rateOf = (/** @type {Measured} */ { matching }, /** @type {string} */ variant) =>
  matching?.rows.find((row) => row.variant === variant)?.rate;

/** @type {Target[]} */
export const targets = [
  {
    id: "matching-cached",
    text: "publishes matched with 100,000 wildcard subscriptions",
    bound: "at least",
    limit: 1_000_000,
    unit: "per second",
    measure: (measured) => rateOf(measured, "cached"),
  },
  {
    id: "matching-uncached",
    text: "the same without the cache",
    bound: "at least",
    limit: 1_000_000,
    unit: "per second",
    measure: (measured) => rateOf(measured, "uncached"),
  },
  {
    id: "matching-changing",
    text: "the same with the cache, while patterns come and go",
    bound: "at least",
    limit: 1_000_000,
    unit: "per second",
    measure: (measured) => rateOf(measured, "changing"),
  },
  {
    id: "matching-memory",
    text: "memory of a subscription's pattern",
    bound: "at most",
    limit: 1_024,
    unit: "bytes",
    measure: ({ matching }) => matching?.bytesPerPattern,
  },
  {
    id: "worst-linear",
    text: "nodes looked at per word of the longest topic against the shortest, the worst patterns",
    bound: "at most",
    limit: 2,
    unit: "×",
    measure: ({ "worst-patterns": worst }) => {
      const perWord = worst?.rows.map(({ words, visited }) => visited / words);
      return perWord && perWord[perWord.length - 1] / perWord[0];
    },
  },
];

/**
 * @param {Measured} measured
 * @returns {import("../lib/verdicts.mjs").Verdict[]}
 */
export function judge(measured) {
  return targets.map((target) => verdictOn(target, target.measure(measured)));
}
