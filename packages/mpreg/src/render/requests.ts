/** Requests for people: a row per request; a column is a word, for awk. */
import type { ListedRequest, RequestCaller, RequestList } from "@mpreg/core";
import type { Stream } from "../terminal.js";
import { agoText } from "./nodes.js";
import { type Column, tableText } from "./table.js";

const columns: readonly Column[] = [
  { heading: "REQUEST" },
  { heading: "STATE" },
  { heading: "AGE", align: "right" },
  { heading: "TOOK", align: "right" },
  { heading: "STEPS", align: "right" },
  { heading: "NODE", gives: true },
  { heading: "CALLER", gives: true },
  { heading: "ERROR", gives: true },
];

export function requestsText({ node, requests }: RequestList, stream: Pick<Stream, "columns" | "colours">): string {
  return tableText(
    columns,
    requests.map((request) => row(request, node)),
    stream,
  );
}

/** What is said of those that are not listed; nothing where all are. */
export function leftOutText({ leftOut }: RequestList): string | undefined {
  return leftOut === 0 ? undefined : `${leftOut} more ${leftOut === 1 ? "is" : "are"} not listed`;
}

function row({ requestId, state, ageMs, totalMs, steps, caller, code = "-" }: ListedRequest, node: string): string[] {
  const progress = `${steps.ended}/${steps.total}`;
  return [requestId, state, agoText(ageMs), tookText(totalMs), progress, node, callerText(caller), code];
}

function callerText(caller: RequestCaller): string {
  if (caller.kind === "client") return caller.address;
  return caller.kind === "node" ? `node:${caller.name}` : "self";
}

function tookText(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(0)}ms`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)}s` : agoText(ms);
}
