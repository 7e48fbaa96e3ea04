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
