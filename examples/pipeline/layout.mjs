/**
 * How text is laid out on the terminal: aligned columns, numbers, colours.
 *
 * (L1) Colours only where somebody looks (a terminal) and did not refuse them (NO_COLOR); nothing is told by colour alone.
 */
import { styleText } from "node:util";

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR; // (L1)

/**
 * @param {Parameters<typeof styleText>[0]} style "bold", "dim", "cyan" …
 * @param {string} text
 */
export function paint(style, text) {
  return coloured ? styleText(style, text) : text;
}

/**
 * @param {number} value
 * @param {number} [decimals] digits after the point
 * @returns {string} 211,681 or -16.0
 */
export function figure(value, decimals = 0) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** @param {number} value @param {number} [decimals] */
export function signed(value, decimals = 0) {
  return value < 0 ? figure(value, decimals) : `+${figure(value, decimals)}`;
}

/** @param {number} count @param {string} noun that takes an s */
export function plural(count, noun) {
  return `${figure(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${figure(bytes / 1e3, 1)} kB`;
  return `${figure(bytes / 1e6, 1)} MB`;
}

/** @param {number} durationMs */
export function duration(durationMs) {
  return durationMs < 10_000 ? `${figure(durationMs, 1)} ms` : `${figure(durationMs / 1000, 1)} s`;
}

/**
 * Rows under a dim heading, each column as wide as its longest text, two spaces apart, indented by two.
 *
 * @param {string[]} headings one per column; ">" in front aligns the column right
 * @param {string[][]} rows texts without colours
 * @returns {string}
 */
export function table(headings, rows) {
  const right = headings.map((heading) => heading.startsWith(">"));
  const titles = headings.map((heading) => heading.replace(/^>/, ""));
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    cells
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  return [paint("dim", `  ${line(titles)}`), ...rows.map((row) => `  ${line(row)}`)].join("\n");
}

/** @param {string} text */
export function heading(text) {
  return paint("bold", text);
}
