/**
 * `mpreg queue stats` and `watch`: what is in queues, and how much goes through them.
 *
 * (S1) A rate is the difference of two counts by the time between their answers; where a queue has begun anew there is none.
 * (S2) A queue that does not tell is told of; where none does, the command fails. Who watches goes on while the node of a queue is away, once a queue has told.
 * (S3) All queues are asked by node, however many there are; one by one only those that are named, or of which their node did not tell so.
 */
import { setTimeout as after } from "node:timers/promises";
import type { Client } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import { type QueueReport, type WatchedQueue, queuesText, ratesBetween, untoldQueues } from "../render/queues.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";
import { keptFor } from "./queue-spool.js";

const intervalMs = 1_000;
/** Queues that are asked at a time. */
const askedMax = 16;

export function defineStats(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("stats")
    .description("Show how many messages queues have, and what has become of those that they had.")
    .argument("[names...]", "these queues (default: all of the cluster)");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((names: readonly string[], flags: ConnectionFlags) => stats(names, flags, terminal));
}

export function defineWatch(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("watch")
    .description("Show queues again each second, with messages a second, until it is interrupted.")
    .argument("[names...]", "these queues (default: all of the cluster)");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((names: readonly string[], flags: ConnectionFlags) => watch(names, flags, terminal));
}

async function stats(names: readonly string[], flags: ConnectionFlags, { stdout, stderr }: Terminal): Promise<void> {
  const { reports, kept } = await withClient(flags, async (client) => {
    const told = checked(await reportsOf(client, names, flags));
    const queues = told.map(({ queue }) => queue);
    return { reports: told, kept: flags.json === true ? [] : await keptFor(client, queues, flags) };
  });
  if (flags.json === true) {
    stdout.write(valueJson(reports.map(toldOf), "line"));
    return;
  }
  stdout.write(queuesText(reports, stdout));
  for (const line of [...untoldQueues(reports), ...kept]) stderr.write(line);
}

async function watch(names: readonly string[], flags: ConnectionFlags, terminal: Terminal): Promise<void> {
  const { stdout } = terminal;
  const write = await writerOf(flags, terminal);
  await withClient(flags, async (client) => {
    let before: readonly QueueReport[] = [];
    for (;;) {
      const now = await reportsOf(client, names, flags);
      if (before.length === 0 || !now.some(isAway)) checked(now); // (S2)
      write(ratesBetween(before, now)); // (S1)
      await stdout.written(); // to nobody it would be written for ever
      before = now;
      await after(intervalMs);
    }
  });
}

/** What they tell, or why they do not. (S2, S3) */
async function reportsOf(client: Client, names: readonly string[], flags: ConnectionFlags): Promise<QueueReport[]> {
  const options = inspectOptionsOf(flags);
  if (names.length > 0) return askEach(client, names, flags);
  const [all, told] = await Promise.all([client.queues(options), client.queueStats(options)]);
  const atMs = performance.now();
  const reports = new Map(told.map(({ queue, stats }): [string, QueueReport] => [queue, { queue, stats, atMs }]));
  const others = all.filter((queue) => !reports.has(queue));
  for (const report of await askEach(client, others, flags)) reports.set(report.queue, report);
  return [...reports.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}

async function askEach(client: Client, asked: readonly string[], flags: ConnectionFlags): Promise<QueueReport[]> {
  const options = inspectOptionsOf(flags);
  const reports: QueueReport[] = [];
  for (let at = 0; at < asked.length; at += askedMax) {
    const some = asked.slice(at, at + askedMax).map(async (queue): Promise<QueueReport> => {
      try {
        const told = await client.queue(queue).stats(options);
        return { queue, stats: told, atMs: performance.now() };
      } catch (error) {
        if (!(error instanceof MpregError)) throw error;
        return { queue, error };
      }
    });
    reports.push(...(await Promise.all(some)));
  }
  return reports;
}

/** No node has it just now: its node may come back. */
function isAway(report: QueueReport): boolean {
  return "error" in report && report.error.code === "unknown-queue";
}

/** (S2) */
function checked(reports: QueueReport[]): QueueReport[] {
  const refused = reports.find((each) => "error" in each);
  if (refused !== undefined && "error" in refused && reports.every((each) => "error" in each)) throw refused.error;
  return reports;
}

async function writerOf(
  flags: ConnectionFlags,
  { stdout, stderr }: Terminal,
): Promise<(queues: readonly WatchedQueue[]) => void> {
  if (flags.json === true) {
    return (queues) => {
      stdout.write(valueJson(queues.map(toldOf), "line"));
    };
  }
  const { clear, overdrawn } = await import("../render/overdraw.js");
  let isFirst = true;
  return (queues) => {
    const text = queuesText(queues, stdout);
    const untold = untoldQueues(queues);
    if (stdout.isTerminal) {
      const lines = [...untold, ...(untold.length === 0 ? [] : [""]), ...text.split("\n")];
      stdout.write((isFirst ? clear : "") + overdrawn(lines, process.stdout.rows, stdout.columns));
    } else {
      stdout.write(isFirst ? text : `\n${text}`);
      for (const line of untold) stderr.write(line);
    }
    isFirst = false;
  };
}

/** For programs. */
function toldOf(report: WatchedQueue): object {
  const { queue } = report;
  if ("error" in report) return { queue, error: { code: report.error.code, message: report.error.message } };
  return { queue, ...report.stats, perSecond: report.perSecond };
}

const help = `
AVAILABLE: may be received now; DELAYED: later; LEASED: received and not acknowledged yet; WAITING: receives that wait; OLDEST: how
long the oldest message has been there; SPOOLED: what other nodes keep for it, as they have told its node last (-: they have told nothing). SENT, ACKED and DEAD are counted since the node that has the queue began.

Examples:
  mpreg queue stats
  mpreg queue stats jobs --json
  mpreg queue watch jobs jobs-dead`;
