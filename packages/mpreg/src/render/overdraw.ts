/**
 * Overdraw: lines that take the place of those that were drawn before, in a terminal.
 *
 * (O1) Drawn is only what fits: a terminal that scrolled would show everything many times.
 */
export const clear = "\u001b[2J";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** What draws `lines` in a terminal that has so many `rows`. */
export function overdrawn(lines: readonly string[], rows: number): string {
  const fitting = lines.slice(0, Math.max(1, rows - 1)); // (O1)
  return `${home}${fitting.map((line) => line + clearLine).join("\n")}${clearBelow}`;
}
