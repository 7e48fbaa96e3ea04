/** The parts of a Markdown file that a test can check: fenced blocks, tables, and under which headings they stand. */
import { readFileSync } from "node:fs";

export interface Block {
  /** The info string: `text message call`. */
  readonly info: string;
  readonly lines: readonly string[];
  /** Number of the first line of its content. */
  readonly line: number;
  /** The headings above it, outermost first. */
  readonly headings: readonly string[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly headings: readonly string[];
}

export interface Markdown {
  readonly blocks: readonly Block[];
  readonly tables: readonly Table[];
}

export function readMarkdown(url: URL): Markdown {
  const blocks: Block[] = [];
  const tables: Table[] = [];
  let headings: string[] = [];
  let open: { info: string; lines: string[]; line: number; headings: readonly string[] } | undefined;
  let rows: string[][] = [];
  for (const [index, text] of [...readFileSync(url, "utf8").split("\n"), ""].entries()) {
    if (open !== undefined) {
      if (text === "```") {
        blocks.push(open);
        open = undefined;
      } else {
        open.lines.push(text);
      }
      continue;
    }
    if (text.startsWith("|")) {
      rows.push(cells(text));
      continue;
    }
    if (rows.length > 0) {
      const [head = [], , ...rest] = rows;
      tables.push({ head, rows: rest, headings });
      rows = [];
    }
    const heading = /^(#+) (.+)$/.exec(text);
    if (heading !== null) headings = [...headings.slice(0, heading[1]!.length - 1), heading[2]!];
    else if (text.startsWith("```")) open = { info: text.slice(3), lines: [], line: index + 2, headings };
  }
  return { blocks, tables };
}

/** The cells of a table's row, without backticks: `| \`a\` | b |` → `["a", "b"]`. */
function cells(row: string): string[] {
  return row
    .slice(1, row.lastIndexOf("|"))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("`", "").replaceAll("\\|", "|"));
}
