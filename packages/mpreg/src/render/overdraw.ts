/**
 * Overdraw: lines that take the place of those that were drawn before, in a terminal.
 *
 * (O1) Drawn is only what fits: a terminal that scrolled would show everything many times.
 * (O2) A line takes one row: what is longer than the terminal is wide is cut.
 */
export const clear = "\u001b[2J";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

const wrapOff = "\u001b[?7l";
const wrapOn = "\u001b[?7h";
/** Colours, which take no room, or a character. */
const escapeOrCharacter = /\u001b\[[\d;]*m|./gsu;

/** What draws `lines` in a terminal that has so many `rows`, and `columns` where that is known. */
export function overdrawn(lines: readonly string[], rows: number, columns: number | undefined): string {
  const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(line, columns)); // (O1)
  const drawn = fitting.map((line) => line + clearLine).join("\n");
  return `${home}${wrapOff}${drawn}${clearBelow}${wrapOn}`; // some characters take two columns (O2)
}

/** The first `columns` characters of `line`, and all its colours. (O2) */
function cut(line: string, columns = Infinity): string {
  let count = 0;
  return line.replace(escapeOrCharacter, (part) => (part.startsWith("\u001b[") || ++count <= columns ? part : ""));
}
