/** Queues and their messages: a row for each queue, a line for each message. What is not known is `-`; a column is a word, for awk. */
import type { MpregError } from "@mpreg/core/base";
import type { BrowsedQueueMessage, QueueMessage } from "@mpreg/core/program";
import type { QueueStats, Schedule } from "@mpreg/core/queues";
import type { Colours, Stream } from "../terminal.js";
import { valueJson } from "./json.js";
import { type Column, tableText } from "./table.js";
import { printable } from "./text.js";

/** What a queue has told, when, by the clock of who has asked; or why it has not. */
export type QueueReport =
  | { readonly queue: string; readonly stats: QueueStats; readonly atMs: number }
  | { readonly queue: string; readonly error: MpregError };

/** Messages a second; `undefined` where it is not known. */
export interface QueueRates {
  readonly sent: number | undefined;
  readonly received: number | undefined;
  readonly acknowledged: number | undefined;
}

export type WatchedQueue = QueueReport & { readonly perSecond?: QueueRates };

/** `now`, with what has changed a second since `before`. */
export function ratesBetween(before: readonly QueueReport[], now: readonly QueueReport[]): WatchedQueue[] {
  const earlier = new Map(before.map((report) => [report.queue, report]));
  return now.map((report) => {
    if ("error" in report) return report;
    const last = earlier.get(report.queue);
    const rate = (count: "sent" | "received" | "acknowledged"): number | undefined => {
      if (last === undefined || "error" in last) return undefined;
      const more = report.stats[count] - last.stats[count];
      return more < 0 ? undefined : (more * 1_000) / (report.atMs - last.atMs);
    };
    return {
      ...report,
      perSecond: { sent: rate("sent"), received: rate("received"), acknowledged: rate("acknowledged") },
    };
  });
}

const countColumns: readonly Column[] = [
  "MESSAGES",
  "AVAILABLE",
  "DELAYED",
  "LEASED",
  "WAITING",
  "OLDEST",
  "SPOOLED",
  "SENT",
  "ACKED",
  "DEAD",
].map((heading) => ({ heading, align: "right" }));
const rateColumns: readonly Column[] = ["SENT/S", "RECEIVED/S", "ACKED/S"].map((heading) => ({
  heading,
  align: "right",
}));
const none = "-";

export function queuesText(reports: readonly WatchedQueue[], stream: Pick<Stream, "columns" | "colours">): string {
  const hasRates = reports.some(({ perSecond }) => perSecond !== undefined);
  const columns = [{ heading: "QUEUE", gives: true }, ...countColumns, ...(hasRates ? rateColumns : [])];
  const rows = reports.flatMap((report) => ("error" in report ? [] : [queueRow(report, hasRates)]));
  return tableText(columns, rows, stream);
}

/** What could not be told, a line each. */
export function untoldQueues(reports: readonly QueueReport[]): string[] {
  return reports.flatMap((report) =>
    "error" in report ? [printable(`queue ${report.queue} is not in it: ${report.error.message}`)] : [],
  );
}

function queueRow({ queue, stats, perSecond }: Exclude<WatchedQueue, { error: MpregError }>, hasRates: boolean) {
  const { messages, available, delayed, leased, waiting, oldestMs, spooled, sent, acknowledged, deadLettered } = stats;
  const counts = [messages, available, delayed, leased, waiting].map(String);
  const rates = [perSecond?.sent, perSecond?.received, perSecond?.acknowledged].map(rateText);
  const ends = [sent, acknowledged, deadLettered].map(String);
  const oldest = messages === 0 ? none : `${Math.floor(oldestMs / 1_000)}s`;
  return [
    queue,
    ...counts,
    oldest,
    spooled === undefined ? none : String(spooled),
    ...ends,
    ...(hasRates ? rates : []),
  ];
}

function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return none;
  return perSecond < 10 && !Number.isInteger(perSecond) ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

type Shown = QueueMessage | BrowsedQueueMessage<unknown>;

/** For people: id, value and headers; of one that was looked at, its state, and why it is a dead letter; where there is something to be done with it, its `receipt`. */
export function queueMessageText(message: Shown, colours: Colours, receipt?: string): string {
  const { id, value, headers = {}, group, receives } = message;
  const about = Object.entries(headers).map(([name, text]) => printable(` ${name}=${text}`));
  if (group !== undefined) about.unshift(printable(` [${group}]`));
  if ("state" in message)
    about.unshift(printable(` (${message.state}, received ${times(receives)}${diedOf(message)})`));
  else if (receives > 1) about.unshift(` (received ${times(receives)})`);
  if (receipt !== undefined) about.push(printable(` receipt=${receipt}`));
  return `${colours.bold(printable(id))} ${valueJson(value, "line")}${colours.dim(about.join(""))}`;
}

function diedOf({ deadLetter }: Shown): string {
  if (deadLetter === undefined) return "";
  return `, ${deadLetter.reason}${deadLetter.error === undefined ? "" : `: ${deadLetter.error}`}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** For programs. */
export function queueMessageJson(message: Shown): string {
  // what can be done with a lease is no data
  const data = Object.entries(message).filter(([, field]) => typeof field !== "function");
  return valueJson(Object.fromEntries(data), "line");
}

/** One schedule, as a line. */
export function scheduleText(schedule: Schedule): string {
  const { name, cron, timeZone, everyMs, at, nextMs, sent, skipped, refused, lastRefusal } = schedule;
  const when =
    cron !== undefined
      ? `cron ${JSON.stringify(cron)} ${timeZone ?? "UTC"}`
      : everyMs !== undefined
        ? `every ${everyMs} ms`
        : `at ${timeText(at)}`;
  const counts = [
    `${sent} sent`,
    skipped > 0 && `${skipped} skipped`,
    refused > 0 && `${refused} refused: ${lastRefusal}`,
  ];
  return printable(`${name} ${when}, next ${timeText(nextMs)} (${counts.filter(Boolean).join(", ")})`);
}

function timeText(atMs: number | undefined): string {
  return atMs === undefined ? none : new Date(atMs).toISOString();
}
