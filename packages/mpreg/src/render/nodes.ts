/**
 * Nodes for people: what one node believes of each, a row per node.
 *
 * (N1) What is not known is shown as `-`, never as a figure: a column is a word, for awk.
 */
import type { NodeInfo } from "@mpreg/core";
import type { Stream } from "../terminal.js";
import { type Column, tableText } from "./table.js";

const columns: readonly Column[] = [
  { heading: "NAME", gives: true },
  { heading: "STATE" },
  { heading: "SINCE", align: "right" },
  { heading: "INCARNATION", align: "right" },
  { heading: "LINK", gives: true },
  { heading: "ROUND TRIP", align: "right" },
  { heading: "FUNCTIONS", align: "right" },
  { heading: "RUNNING", align: "right" },
  { heading: "IN FLIGHT", align: "right" },
  { heading: "ID" },
  { heading: "URL", gives: true },
];

const idCharacters = 8;
const unknown = "-";

export function nodesText(nodes: readonly NodeInfo[], stream: Pick<Stream, "columns" | "colours">): string {
  return tableText(columns, nodes.map(row), stream);
}

function row(node: NodeInfo): string[] {
  const { name, state, forMs, incarnation, functions, running, inFlight, id, urls } = node;
  const since = state === "self" ? unknown : agoText(forMs);
  const counts = [functions, running, inFlight].map((count) => (count === undefined ? unknown : String(count)));
  const address = [id.slice(0, idCharacters), urls.join(" ") || unknown];
  return [name, state, since, String(incarnation), linkOf(node), roundTripOf(node), ...counts, ...address];
}

function linkOf({ linked, via }: NodeInfo): string {
  if (linked) return "direct";
  return via === undefined ? unknown : `via ${via}`;
}

/** What was measured; else, after `~`, what the network coordinates make likely. (N1) */
function roundTripOf({ roundTripMs, distanceMs }: NodeInfo): string {
  if (roundTripMs !== undefined) return `${figure(roundTripMs)}ms`;
  return distanceMs === undefined ? unknown : `~${figure(distanceMs)}ms`;
}

function figure(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

/** A line for each node whose key another process uses as well. */
export function sharedKeysText(nodes: readonly NodeInfo[]): string[] {
  return nodes.flatMap(({ name, id, sharedWith }) => {
    if (sharedWith === undefined) return [];
    const where = sharedWith.length === 0 ? "" : ` (${sharedWith.join(" ")})`;
    return [
      `The key of ${name} (${id.slice(0, idCharacters)}) is in use by another process as well${where}: each node needs its own data directory`,
    ];
  });
}

/** `12s`, `3m05s`, `2h10m` or `4d01h`. */
export function agoText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor((seconds % 86_400) / 3600))}h`;
}

function two(count: number): string {
  return String(count).padStart(2, "0");
}
