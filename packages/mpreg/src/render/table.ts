/**
 * Tables for people: aligned columns without lines.
 *
 * (B1) A table is as wide as it needs; where the terminal is narrower, the columns that may give way are wrapped.
 * (B2) Without a terminal nothing is wrapped: a row is a line, for grep and awk.
 */
import CliTable, { type HorizontalAlignment } from "cli-table3";
import type { Colours, Stream } from "../terminal.js";
import { printable } from "./text.js";

export interface Column {
  readonly heading: string;
  readonly align?: HorizontalAlignment;
  /** Its cells may be broken into several lines where the terminal is narrow. */
  readonly gives?: boolean;
}

const gapCharacters = 2;
const givenCharactersMin = 12;

/** The table's lines. Cells are texts from anywhere; an empty one says that there is nothing. */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { columns: terminalColumns, colours }: Pick<Stream, "columns" | "colours">,
): string {
  const cells = rows.map((row) => row.map(printable));
  const natural = columns.map((column, index) =>
    naturalWidth([column.heading, ...cells.map((row) => row[index] ?? "")]),
  );
  const widths = terminalColumns === undefined ? natural : fitted(columns, natural, terminalColumns + gapCharacters); // (B2)
  const table = new CliTable({
    chars: noLines,
    style: { "padding-left": 0, "padding-right": gapCharacters, head: [], border: [], compact: true },
    colWidths: [...widths],
    colAligns: columns.map(({ align = "left" }) => align),
    wordWrap: true,
  });
  table.push(
    headings(columns, colours),
    ...cells.map((row) => row.map((cell, index) => broken(cell, widths[index] ?? 0))),
  );
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function headings(columns: readonly Column[], colours: Colours): string[] {
  return columns.map(({ heading }) => colours.dim(heading));
}

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

/** Width of a column that holds these texts, with its gap, as the table library measures them. */
function naturalWidth(texts: readonly string[]): number {
  const table = new CliTable({ chars: noLines, style: { "padding-left": 0, "padding-right": gapCharacters } });
  table.push(...texts.map((text) => [text]));
  return table.width;
}

/** (B1): takes from the widest of the columns that may give way until the table fits or none can give more. */
function fitted(columns: readonly Column[], natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width, 0);
  for (let excess = total() - available; excess > 0; excess--) {
    const widest = columns.reduce((best, { gives }, index) => {
      const canGive = gives === true && (widths[index] ?? 0) > givenCharactersMin + gapCharacters;
      return canGive && (best < 0 || (widths[index] ?? 0) > (widths[best] ?? 0)) ? index : best;
    }, -1);
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** The library wraps between words; a word that is longer than its column is cut here, so that nothing of it is lost. */
function broken(cell: string, width: number): string {
  const room = width - gapCharacters;
  const words = cell.split(" ").map((word) => word.match(new RegExp(`.{1,${room}}`, "gu"))?.join(" ") ?? word);
  return words.join(" ");
}
