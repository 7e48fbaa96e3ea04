/**
 * Rounds: every contestant once, then every contestant again, so that a drift of the machine meets all of them alike.
 *
 * (R1) A round starts one contestant later than the round before: nobody always runs after the same neighbour.
 * (R2) A contestant that fails once is out, with the reason; the others go on.
 */
import { measureOtherLoad } from "./machine.mjs";
import { median } from "./stats.mjs";

/**
 * @typedef {{ median: number, min: number, max: number, rounds: number[] }} Figure
 * @typedef {{ kind: "measured", figures: Record<string, Figure> }
 *   | { kind: "unavailable", reason: string }
 *   | { kind: "failed", reason: string }} Outcome
 */

/**
 * @template Budget
 * @param {readonly import("../suites/contestants.mjs").Contestant<Budget>[]} contestants
 * @param {{ rounds: number, budget: Budget, onProgress: (line: string) => void }} options
 * @returns {Promise<{ outcomes: Record<string, Outcome>, otherLoad: number }>} outcomes by contestant, and the part of
 *   the machine that others kept busy at the worst of the pauses between rounds
 */
export async function runRounds(contestants, { rounds, budget, onProgress }) {
  /** @type {Record<string, Outcome>} */
  const outcomes = {};
  /** @type {Map<string, Record<string, number>[]>} */
  const samples = new Map();
  for (const { name, whyUnavailable } of contestants) {
    try {
      const reason = await whyUnavailable?.();
      if (reason === undefined) samples.set(name, []);
      else outcomes[name] = { kind: "unavailable", reason };
    } catch (error) {
      outcomes[name] = { kind: "failed", reason: reasonOf(error) }; // (R2)
    }
  }

  let otherLoad = 0;
  for (let round = 0; round < rounds; round++) {
    otherLoad = Math.max(otherLoad, await measureOtherLoad());
    const first = round % contestants.length; // (R1)
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const { name } = contestant;
      if (name in outcomes) continue;
      try {
        const figures = await contestant.measure(budget);
        samples.get(name)?.push(figures);
        onProgress(`round ${round + 1}/${rounds}  ${name.padEnd(18)} ${describe(figures)}`);
      } catch (error) {
        const reason = reasonOf(error);
        outcomes[name] = { kind: "failed", reason }; // (R2)
        onProgress(`round ${round + 1}/${rounds}  ${name.padEnd(18)} failed: ${reason}`);
      }
    }
  }

  for (const { name } of contestants) {
    outcomes[name] ??= { kind: "measured", figures: summarize(samples.get(name) ?? []) };
  }
  return { outcomes, otherLoad };
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {Record<string, number>[]} rounds
 * @returns {Record<string, Figure>}
 */
function summarize(rounds) {
  return Object.fromEntries(
    Object.keys(rounds[0] ?? {}).map((key) => {
      const values = rounds.map((figures) => figures[key]);
      return [key, { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values }];
    }),
  );
}

/** @param {Record<string, number>} figures */
function describe(figures) {
  return Object.entries(figures)
    .map(([key, value]) => `${key} ${value >= 1000 ? Math.round(value) : value.toFixed(1)}`)
    .join("  ");
}
