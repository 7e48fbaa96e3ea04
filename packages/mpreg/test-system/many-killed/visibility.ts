/**
 * Visibility: for how long the others could tell that a node was lost, read from their logs.
 *
 * All processes are on one machine, so that their wall clocks are one.
 */
import { readFileSync } from "node:fs";
import picocolors from "picocolors";
import { tableText } from "../../src/render/table.js";

/** A line of a node's log. */
export interface LogEntry {
  /** ms since 1970. */
  readonly time: number;
  readonly msg: string;
  /** The node that it is about. */
  readonly name?: string;
}

export interface Loss {
  readonly name: string;
  readonly killedMs: number;
  /** What callers have told of it. */
  readonly failedMs: readonly number[];
}

/** The log so far; a line that is half written is left out. */
export function readLog(path: string): readonly LogEntry[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogEntry);
}

/** A table, a row per loss: after how many ms the first and the last of the others noticed, and calls failed for it. */
export function visibilityText(losses: readonly Loss[], logs: readonly (readonly LogEntry[])[]): string {
  const rows = losses.map((loss) => {
    const told = (msg: string): string => rangeText(timesOf(logs.flat(), msg, loss), loss);
    const { length: failed } = loss.failedMs;
    const calls = failed === 0 ? ["0"] : [String(failed), rangeText(loss.failedMs, loss)];
    return [loss.name, told("link lost"), told("node suspected"), told("node lost"), ...calls];
  });
  return tableText(columns, rows, { columns: undefined, colours: picocolors.createColors(false) });
}

const columns = ["KILLED", "LINK LOST", "SUSPECTED", "LOST", "CALLS FAILED", "AFTER"].map((heading) => ({ heading }));

function timesOf(log: readonly LogEntry[], msg: string, { name, killedMs }: Loss): readonly number[] {
  return log.filter((each) => each.msg === msg && each.name === name && each.time >= killedMs).map(({ time }) => time);
}

function rangeText(times: readonly number[], { killedMs }: Loss): string {
  return times.length === 0 ? "-" : `${Math.min(...times) - killedMs} to ${Math.max(...times) - killedMs} ms`;
}
