/** Spooled: what nodes keep for queues that are elsewhere, a row for each node and queue. */
import type { Spooled } from "@mpreg/core/program";
import type { Stream } from "../terminal.js";
import { type Column, tableText } from "./table.js";
import { printable } from "./text.js";

const columns: readonly Column[] = [
  { heading: "QUEUE", gives: true },
  { heading: "NODE" },
  { heading: "WAITING", align: "right" },
  { heading: "BYTES", align: "right" },
  { heading: "SINCE" },
  { heading: "REFUSED", align: "right" },
];

/** `names`: of nodes by their id. */
export function spooledText(
  all: readonly Spooled[],
  names: ReadonlyMap<string, string>,
  stream: Pick<Stream, "columns" | "colours">,
): string {
  const rows = all.map(({ queue, node, messages, bytes, sinceMs, refused }) => {
    const since = sinceMs === undefined ? "-" : new Date(sinceMs).toISOString();
    return [queue, names.get(node) ?? node, String(messages), String(bytes), since, String(refused)];
  });
  return tableText(columns, rows, stream);
}

/** What is in the way, a line each. */
export function spooledWhy(all: readonly Spooled[]): string[] {
  return all.flatMap(({ queue, error, refusals }) => [
    ...(error === undefined ? [] : [printable(`queue ${queue}: ${error}`)]),
    ...refusals.map(({ id, error: why }) => printable(`queue ${queue}: set aside ${id}: ${why}`)),
  ]);
}

/** What is kept for these queues, a line for each node. */
export function spooledFor(
  all: readonly Spooled[],
  queues: readonly string[],
  names: ReadonlyMap<string, string>,
): string[] {
  const some = all.filter(({ queue }) => queues.includes(queue));
  return some.map(({ queue, node, messages, refused }) => {
    const aside = refused > 0 ? `, and ${refused} were set aside there` : "";
    return printable(`queue ${queue}: ${messages} messages for it wait at node ${names.get(node) ?? node}${aside}`);
  });
}
