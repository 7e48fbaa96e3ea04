/** Topics for people: a row for each node, then one for each kind of subscription. What is not known is `-`; a column is a word, for awk. */
import type { Stream } from "../terminal.js";
import type { ClusterTopics, NodeTopics, Rates, WantedTopics } from "../topics/rates.js";
import { type Column, tableText } from "./table.js";
import { printable } from "./text.js";

const nodeColumns: readonly Column[] = [
  { heading: "NODE", gives: true },
  { heading: "SUBSCRIPTIONS", align: "right" },
  { heading: "PUBLISHED/S", align: "right" },
  { heading: "RECEIVED/S", align: "right" },
  { heading: "FORWARDED/S", align: "right" },
  { heading: "DELIVERED/S", align: "right" },
  { heading: "LOST", align: "right" },
  { heading: "WAITING", align: "right" },
];

const wantedColumns: readonly Column[] = [
  { heading: "PATTERNS", gives: true },
  { heading: "GROUP", gives: true },
  { heading: "NODES", gives: true },
  { heading: "SUBSCRIPTIONS", align: "right" },
  { heading: "DELIVERED/S", align: "right" },
  { heading: "LOST", align: "right" },
  { heading: "WAITING", align: "right" },
];

const none = "-";

export function topicsText({ nodes, wanted }: ClusterTopics, stream: Pick<Stream, "columns" | "colours">): string {
  const rows = nodes.map(nodeRow);
  if (nodes.length > 1) rows.push(nodeRow(sumOf(nodes)));
  const ofNodes = tableText(nodeColumns, rows, stream);
  return wanted.length === 0 ? ofNodes : `${ofNodes}\n\n${tableText(wantedColumns, wanted.map(wantedRow), stream)}`;
}

/** What could not be told, a line each. */
export function untoldText({ untold, leftOut }: ClusterTopics): string[] {
  const lines = untold.map(({ node, message }) => printable(`node ${node} is not in it: ${message}`));
  if (leftOut > 0) lines.push(`${leftOut} more ${leftOut === 1 ? "kind" : "kinds"} of subscriptions are not listed`);
  return lines;
}

type NodeRow = Pick<NodeTopics, "node" | "subscriptions" | "perSecond" | "waitingBytes"> & { readonly lost: number };

function nodeRow(of: NodeTopics | NodeRow): string[] {
  const { node, subscriptions, perSecond, waitingBytes } = of;
  const { published, received, forwarded, handed } = perSecond;
  const rates = [published, received, forwarded, handed].map(rateText);
  const lost = "lost" in of ? of.lost : lostOf(of);
  return [node, String(subscriptions), ...rates, String(lost), `${waitingBytes}B`];
}

function wantedRow({
  patterns,
  group = none,
  nodes,
  subscriptions,
  handedPerSecond,
  dropped,
  waiting,
}: WantedTopics): string[] {
  const counts = [String(subscriptions), rateText(handedPerSecond), String(dropped), String(waiting)];
  return [patterns.join(","), group, nodes.join(","), ...counts];
}

function lostOf({ dropped, expired, undelivered, missed, lostPublishes }: NodeTopics): number {
  return dropped + expired + undelivered + missed + lostPublishes;
}

function sumOf(nodes: readonly NodeTopics[]): NodeRow {
  const rate = (name: keyof Rates): object => {
    const rates = nodes.map(({ perSecond }) => perSecond[name]);
    const known = rates.filter((each) => each !== undefined);
    return known.length < rates.length ? {} : { [name]: sum(known) };
  };
  return {
    node: "(all)",
    subscriptions: sum(nodes.map(({ subscriptions }) => subscriptions)),
    perSecond: { ...rate("published"), ...rate("received"), ...rate("forwarded"), ...rate("handed") },
    lost: sum(nodes.map(lostOf)),
    waitingBytes: sum(nodes.map(({ waitingBytes }) => waitingBytes)),
  };
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return none;
  return perSecond < 10 && !Number.isInteger(perSecond) ? perSecond.toFixed(1) : perSecond.toFixed(0);
}
