/** How many publishes per second find their subscribers among 100,000 patterns: in process, with the cache and without. */
import { openChild } from "../lib/child.mjs";
import { median } from "../lib/stats.mjs";
import { variants } from "./workload.mjs";

const module = new URL("../mpreg/topic-matching.mjs", import.meta.url);
const timeoutMs = 600_000;

/**
 * @typedef {object} Row
 * @property {string} variant
 * @property {string} title
 * @property {number} rate publishes per second: the median of the rounds
 * @property {number[]} rates of each round, its median
 * @property {number} hits the part that the cache answered
 *
 * @typedef {Omit<import("../mpreg/topic-matching.mjs").Matched, "rates" | "hits"> & { rows: Row[] }} Matching
 */

/** @type {import("./measurement.mjs").Measurement} */
export const matching = {
  name: "matching",
  title: "in process: publishes matched per second with 100,000 wildcard subscriptions",
  measure: async ({ matching: { rounds, ...job } }, onProgress) => {
    const measured = [];
    for (let round = 1; round <= rounds; round++) {
      const child = openChild(module, { nodeFlags: ["--expose-gc"] });
      try {
        measured.push(await child.call("measureMatching", job, timeoutMs));
      } finally {
        await child.close();
      }
      const { rates } = measured[measured.length - 1];
      const figures = Object.entries(rates).map(([name, each]) => `${name} ${(median(each) / 1e6).toFixed(2)} M/s`);
      onProgress(`round ${round}: ${figures.join(", ")}`);
    }
    return figuresOf(measured);
  },
};

/**
 * @param {import("../mpreg/topic-matching.mjs").Matched[]} rounds
 * @returns {Matching}
 */
export function figuresOf(rounds) {
  const medianOf = (/** @type {(round: import("../mpreg/topic-matching.mjs").Matched) => number} */ of) =>
    median(rounds.map(of));
  return {
    size: rounds[0].size,
    matchesMean: rounds[0].matchesMean,
    bytesPerPattern: medianOf(({ bytesPerPattern }) => bytesPerPattern),
    addsPerSecond: medianOf(({ addsPerSecond }) => addsPerSecond),
    removesPerSecond: medianOf(({ removesPerSecond }) => removesPerSecond),
    rows: variants.map(({ name, title }) => {
      const rates = rounds.map((round) => median(round.rates[name]));
      return { variant: name, title, rate: median(rates), rates, hits: medianOf(({ hits }) => hits[name]) };
    }),
  };
}
