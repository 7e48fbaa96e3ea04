/**
 * Summaries for people: which step ran where and when, and what its time went into.
 */
import type { RequestSummary, StepSummary } from "@mpreg/core";
import type { Stream } from "../terminal.js";
import { type Column, tableText } from "./table.js";

const columns: readonly Column[] = [
  { heading: "STEP", gives: true },
  { heading: "FUNCTION", gives: true },
  { heading: "NODE", gives: true },
  { heading: "START", align: "right" },
  { heading: "QUEUE", align: "right" },
  { heading: "NETWORK", align: "right" },
  { heading: "RUN", align: "right" },
  { heading: "IN", align: "right" },
  { heading: "OUT", align: "right" },
];

/** The steps in the order in which they started, and the total. */
export function summaryText({ requestId, totalMs, steps }: RequestSummary, stream: Stream): string {
  const inOrder = [...steps].sort((a, b) => a.startMs - b.startMs);
  const total = stream.colours.dim(`${duration(totalMs)} in all, request ${requestId}`);
  return `${tableText(columns, inOrder.map(row), stream)}\n${total}`;
}

function row({ name, fun, node, startMs, queueMs, networkMs, runMs, bytesIn, bytesOut }: StepSummary): string[] {
  return [name, fun, node, ...[startMs, queueMs, networkMs, runMs].map(duration), size(bytesIn), size(bytesOut)];
}

function duration(durationMs: number): string {
  return durationMs < 10_000 ? `${durationMs.toFixed(1)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
