/** Figures of contestants as a report says them: the median and its range, and why one has none. */
import { number } from "./markdown.mjs";

/** @param {readonly ({ title: string } & import("./rounds.mjs").Outcome)[]} members */
export function renderAbsent(members) {
  return members
    .filter((member) => member.kind !== "measured")
    .map(({ title, reason }) => `- not measured: ${title} (${reason.split("\n")[0]})`)
    .join("\n");
}

/** @param {import("./rounds.mjs").Figure} figure */
export function renderFigure({ median, min, max, rounds }) {
  return rounds.length === 1 ? number(median) : `${number(median)} (${number(min)}–${number(max)})`;
}
