/**
 * `mpreg queue`: queues of the cluster, made, listed, emptied and removed. What is in them is `queue-messages.ts`, how much that is
 * `queue-stats.ts`, what it sends itself `queue-schedules.ts`, dead letters on their way back `queue-redrive.ts`.
 *
 * (Q1) What removes messages says how many.
 */
import type { QueueOptions } from "@mpreg/core/program";
import type { Command } from "commander";
import { addSetting } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";
import { defineBrowse, defineReceive, defineSend } from "./queue-messages.js";
import { defineRedrive } from "./queue-redrive.js";
import { defineSchedules } from "./queue-schedules.js";
import { defineSpool } from "./queue-spool.js";
import { defineStats, defineWatch } from "./queue-stats.js";
import { writeResult } from "./running.js";

interface CreateFlags extends ConnectionFlags {
  readonly setting?: Readonly<Record<string, unknown>>;
  readonly owner?: string;
}

export function defineQueue(program: Command, terminal: Terminal): void {
  const queue = program.command("queue").description("Create queues, send to them, receive from them, look into them.");
  defineCreate(queue, terminal);
  defineList(queue, terminal);
  defineSend(queue, terminal);
  defineReceive(queue, terminal);
  defineBrowse(queue, terminal);
  defineStats(queue, terminal);
  defineWatch(queue, terminal);
  defineSchedules(queue, terminal);
  defineRedrive(queue, terminal);
  defineSpool(queue, terminal);
  defineRemoval(queue, terminal, "purge", "Remove all messages of a queue, those that are leased too.");
  defineRemoval(queue, terminal, "delete", "Remove a queue with all its messages.");
}

function defineCreate(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("create")
    .description("Create a queue, unless it is there with the same settings, and print its settings as JSON.")
    .argument("<name>", "1 to 80 letters, digits, dots, - and _")
    .option("--setting <key=value>", "a setting, its value as JSON or a text (repeatable)", addSetting)
    .option("--owner <node>", "the node that is to have it, by name or id (default: the cluster chooses one)");
  withConnectionOptions(command)
    .addHelpText("after", createHelp)
    .action((name: string, flags: CreateFlags) => create(name, flags, terminal));
}

async function create(name: string, flags: CreateFlags, terminal: Terminal): Promise<void> {
  const { setting, owner } = flags;
  // which settings there are, and how they have to be, the queue says
  const options = { ...setting, ...(owner === undefined ? {} : { owner }) } as QueueOptions;
  await withClient(flags, async (client) => {
    const settings = await client.queue(name, options).create(inspectOptionsOf(flags));
    await writeResult(settings, flags, terminal);
  });
}

function defineList(queue: Command, { stdout }: Terminal): void {
  const command = queue.command("list").description("List the queues of the cluster by name, one on a line.");
  withConnectionOptions(command).action(async (flags: ConnectionFlags) => {
    const names = await withClient(flags, (client) => client.queues(inspectOptionsOf(flags)));
    if (flags.json === true) stdout.write(valueJson(names, "line"));
    else for (const name of names) stdout.write(name);
  });
}

function defineRemoval(queue: Command, { stdout }: Terminal, verb: "purge" | "delete", description: string): void {
  const command = queue.command(verb).description(description).argument("<name>", "the queue");
  withConnectionOptions(command).action(async (name: string, flags: ConnectionFlags) => {
    const removed = await withClient(flags, (client) => client.queue(name)[verb](inspectOptionsOf(flags)));
    const text = `removed ${removed} message${removed === 1 ? "" : "s"}`;
    stdout.write(flags.json === true ? valueJson({ removed }, "line") : text); // (Q1)
    await stdout.written("applied");
  });
}

const createHelp = `
Settings, with their defaults: durable=true guarantee='{"kind":"at-least-once"}' order=standard visibilityMs=30000 delayMs=0
ttlMs=345600000 messagesMax=1000000 bytesMax=1073741824 messageBytesMax=1048576 overflow=reject keyWindowMs=86400000; and, not set:
maxReceives with deadLetter, retry, dedup, priorityAgeMs, rate, groupRate, topics, tags. A durable queue needs a node with a data directory.

Examples:
  mpreg queue create jobs
  mpreg queue create mails --setting order=fifo --setting visibilityMs=60000
  mpreg queue create jobs --setting maxReceives=5 --setting deadLetter=jobs-dead
  mpreg queue create bills --setting topics='["shop.*.sold"]'
  mpreg queue create scratch --setting durable=false --owner worker`;
