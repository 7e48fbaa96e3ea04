/** Verdicts: whether a figure is within the bound that was set for it. Which bounds there are is each suite's own. */
import { number, table } from "./markdown.mjs";

/**
 * @typedef {object} Bound
 * @property {string} id
 * @property {string} text
 * @property {"at least" | "at most"} bound
 * @property {number} limit
 * @property {string} unit `×` for a ratio
 *
 * @typedef {Bound & { measured: number | null, reached: boolean | null }} Verdict `measured` and `reached` are null when
 *   something it needs was not measured
 */

/**
 * @param {Bound} target
 * @param {number | undefined} measured
 * @returns {Verdict}
 */
export function verdictOn({ id, text, bound, limit, unit }, measured) {
  const target = { id, text, bound, limit, unit };
  if (measured === undefined) return { ...target, measured: null, reached: null };
  return { ...target, measured, reached: bound === "at least" ? measured >= limit : measured <= limit };
}

/**
 * Verdicts on targets that are told the medians of contestants.
 *
 * @param {readonly (Bound & { measure: (median: (contestant: string, figure: string) => number) => number })[]} targets
 * @param {Record<string, import("./rounds.mjs").Outcome>} outcomes by contestant
 * @returns {Verdict[]} without a measured value where a contestant, or a figure of it, is missing
 */
export function judgeMedians(targets, outcomes) {
  return targets.map((target) => {
    let complete = true;
    const measured = target.measure((contestant, figure) => {
      const outcome = outcomes[contestant];
      if (outcome?.kind === "measured" && figure in outcome.figures) return outcome.figures[figure].median;
      complete = false;
      return Number.NaN;
    });
    return verdictOn(target, complete ? measured : undefined);
  });
}

/** @param {readonly Verdict[]} verdicts */
export function renderVerdicts(verdicts) {
  const rows = verdicts.map(({ text, bound, limit, unit, measured, reached }) => [
    text,
    `${bound} ${limit.toLocaleString("en-US")}${unit === "×" ? "" : " "}${unit}`,
    measured === null ? "not measured" : withUnit(measured, unit),
    reached === null ? "–" : reached ? "yes" : "**no**",
  ]);
  return table(["what", "target", "measured", "reached"], rows, ["left", "left", "right", "left"]);
}

/**
 * @param {number} value
 * @param {string} unit
 */
function withUnit(value, unit) {
  return unit === "×" ? `${number(value)}×` : `${number(value)} ${unit}`;
}
