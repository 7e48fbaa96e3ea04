/**
 * Screen: what a lab shows. In a terminal a table that is drawn again and again; elsewhere a line for each event.
 */
import { clear, overdrawn } from "../render/overdraw.js";
import { type Column, tableText } from "../render/table.js";
import { printable } from "../render/text.js";
import type { Stream } from "../terminal.js";
import { keysText } from "./keys.js";

/** A node as a row shows it. */
export interface LabRow {
  readonly name: string;
  readonly isSelected: boolean;
  readonly process: string;
  /** Where it is in a cut network; empty where it is whole. */
  readonly side: string;
  /** How many nodes it believes in, itself included. */
  readonly sees: string;
  /** What the others believe of it. */
  readonly seenAs: string;
  readonly incarnation: string;
  readonly running: string;
  readonly url: string;
}

export interface Screen {
  /** Something has happened to a node, or to all. */
  tell(sinceMs: number, who: string, what: string): void;
  draw(sinceMs: number, rows: readonly LabRow[]): void;
  close(): void;
}

const columns: readonly Column[] = [
  { heading: "" },
  { heading: "NODE" },
  { heading: "PROCESS" },
  { heading: "SIDE" },
  { heading: "SEES", align: "right" },
  { heading: "SEEN AS", gives: true },
  { heading: "INCARNATION", align: "right" },
  { heading: "RUNNING", align: "right" },
  { heading: "URL", gives: true },
];

const eventsShown = 12;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

export function openScreen(stdout: Stream, rows: () => number): Screen {
  return stdout.isTerminal ? new TableScreen(stdout, rows) : new LineScreen(stdout);
}

class LineScreen implements Screen {
  readonly #stdout: Stream;

  constructor(stdout: Stream) {
    this.#stdout = stdout;
    stdout.write(keysText);
  }

  tell(sinceMs: number, who: string, what: string): void {
    this.#stdout.write(eventText(sinceMs, who, what));
  }

  draw(): void {
    // the events say it all
  }

  close(): void {
    // nothing to put back
  }
}

class TableScreen implements Screen {
  readonly #stdout: Stream;
  readonly #rows: () => number;
  readonly #events: string[] = [];

  constructor(stdout: Stream, rows: () => number) {
    this.#stdout = stdout;
    this.#rows = rows;
    stdout.write(hideCursor + clear);
  }

  tell(sinceMs: number, who: string, what: string): void {
    this.#events.push(eventText(sinceMs, who, what));
    if (this.#events.length > eventsShown) this.#events.shift();
  }

  draw(sinceMs: number, rows: readonly LabRow[]): void {
    const lines = frame(sinceMs, rows, this.#events, this.#stdout);
    this.#stdout.write(overdrawn(lines, this.#rows(), this.#stdout.columns));
  }

  close(): void {
    this.#stdout.write(showCursor);
  }
}

/** All lines of the table and below it. */
export function frame(
  sinceMs: number,
  rows: readonly LabRow[],
  events: readonly string[],
  stream: Pick<Stream, "columns" | "colours">,
): readonly string[] {
  const { colours } = stream;
  const cells = rows.map((row) => [
    row.isSelected ? ">" : "",
    row.name,
    row.process,
    row.side,
    row.sees,
    row.seenAs,
    row.incarnation,
    row.running,
    row.url,
  ]);
  const title = `${colours.bold("mpreg lab")}  ${rows.length} nodes  ${colours.dim(secondsText(sinceMs))}`;
  const table = tableText(columns, cells, stream).split("\n");
  return [title, "", ...table, "", colours.dim(keysText), "", ...events];
}

function eventText(sinceMs: number, who: string, what: string): string {
  return `${secondsText(sinceMs).padStart(8)}  ${printable(who)}  ${what.split("\n").map(printable).join("\n")}`;
}

function secondsText(ms: number): string {
  return `+${(ms / 1000).toFixed(1)}s`;
}
