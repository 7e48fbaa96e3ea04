/** Markdown tables, laid out the way prettier leaves them. */

/**
 * @param {string[]} header
 * @param {string[][]} rows
 * @param {string[]} aligns "left" or "right", by column
 * @returns {string}
 */
export function table(header, rows, aligns) {
  const widths = header.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column].length)));
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, i) => (aligns[i] === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(" | ")} |`;
  const rule = widths.map((width, i) => (aligns[i] === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(header), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/**
 * A number as a reader wants it: three significant digits, thousands separated.
 *
 * @param {number} value
 */
export function number(value) {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString("en-US");
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}
