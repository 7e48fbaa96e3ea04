/**
 * `mpreg queue`: queues of the cluster, made, changed, listed, emptied and removed. What is in them is `queue-messages.ts`, what becomes of that
 * `queue-settle.ts`, how much it is `queue-stats.ts`, what it sends itself `queue-schedules.ts`, dead letters on their way back `queue-redrive.ts`.
 *
 * (Q1) What removes messages says how many.
 */
import type { QueueOptions } from "@mpreg/core/program";
import { defaultQueueSettings } from "@mpreg/core/queues";
import type { Command } from "commander";
import { addSetting } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";
import { defineBrowse, defineReceive, defineSend } from "./queue-messages.js";
import { defineRedrive } from "./queue-redrive.js";
import { defineSchedules } from "./queue-schedules.js";
import { defineSettling } from "./queue-settle.js";
import { defineSpool, keptFor } from "./queue-spool.js";
import { defineStats, defineWatch } from "./queue-stats.js";
import { writeResult } from "./running.js";

interface CreateFlags extends ConnectionFlags {
  readonly setting?: Readonly<Record<string, unknown>>;
  readonly owner?: string;
}

export function defineQueue(program: Command, terminal: Terminal): void {
  const queue = program
    .command("queue")
    .description("Create queues, send to them, receive from them, look into them.")
    .addHelpText("after", help);
  queue.commandsGroup("Messages:");
  defineSend(queue, terminal);
  defineReceive(queue, terminal);
  defineSettling(queue, terminal);
  defineBrowse(queue, terminal);
  queue.commandsGroup("Queues:");
  defineCreate(queue, terminal);
  defineUpdate(queue, terminal);
  defineList(queue, terminal);
  defineStats(queue, terminal);
  defineWatch(queue, terminal);
  defineSubscription(queue, terminal, "subscribe", "Begin a subscription of a queue for broadcast or quorum.");
  defineSubscription(queue, terminal, "unsubscribe", "End a subscription, with its copies of messages.");
  defineRemoval(queue, terminal, "purge", "Remove all messages of a queue, those that are leased too.");
  defineRemoval(queue, terminal, "delete", "Remove a queue with all its messages.");
  queue.commandsGroup("Messages at times:");
  defineSchedules(queue, terminal);
  queue.commandsGroup("Messages elsewhere:");
  defineRedrive(queue, terminal);
  defineSpool(queue, terminal);
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
  const options = { ...createdWith(setting), ...(owner === undefined ? {} : { owner }) } as QueueOptions;
  await withClient(flags, async (client) => {
    const settings = await client.queue(name, options).create(inspectOptionsOf(flags));
    await writeResult(settings, flags, terminal);
  });
}

/** A guarantee may be given by its name alone. */
function createdWith(setting: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const { guarantee } = setting;
  return typeof guarantee === "string" ? { ...setting, guarantee: { kind: guarantee } } : setting;
}

function defineUpdate(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("update")
    .description("Change settings of a queue, and print all of them as JSON; without --setting only print them.")
    .argument("<name>", "the queue")
    .option("--setting <key=value>", "as for create; null is the default again (repeatable)", addSetting);
  withConnectionOptions(command).action(async (name: string, flags: CreateFlags) => {
    const options = inspectOptionsOf(flags);
    await withClient(flags, async (client) => {
      const of = client.queue(name);
      const settings =
        flags.setting === undefined ? await of.settings(options) : await of.update(changesOf(flags.setting), options);
      await writeResult(settings, flags, terminal);
    });
  });
}

/** What JSON has no word for: a setting as it is where nobody has given one. */
function changesOf(setting: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const defaults: Readonly<Record<string, unknown>> = { ...defaultQueueSettings };
  return Object.fromEntries(
    Object.entries(setting).map(([key, value]) => [key, value === null ? defaults[key] : value]),
  );
}

function defineSubscription(
  queue: Command,
  { stdout }: Terminal,
  verb: "subscribe" | "unsubscribe",
  description: string,
): void {
  const command = queue
    .command(verb)
    .description(description)
    .argument("<name>", "the queue")
    .argument("<subscription>", "its name");
  withConnectionOptions(command).action(async (name: string, subscription: string, flags: ConnectionFlags) => {
    const changed = await withClient(flags, (client) =>
      client.queue(name)[verb](subscription, inspectOptionsOf(flags)),
    );
    const unchanged = verb === "subscribe" ? "it was there already" : "there was none";
    const text = changed ? `${verb}d` : unchanged;
    stdout.write(flags.json === true ? valueJson({ changed }, "line") : text);
    await stdout.written("applied");
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

function defineRemoval(
  queue: Command,
  { stdout, stderr }: Terminal,
  verb: "purge" | "delete",
  description: string,
): void {
  const command = queue.command(verb).description(description).argument("<name>", "the queue");
  withConnectionOptions(command).action(async (name: string, flags: ConnectionFlags) => {
    const { removed, kept } = await withClient(flags, async (client) => {
      const count = await client.queue(name)[verb](inspectOptionsOf(flags));
      return { removed: count, kept: await keptFor(client, [name], flags) };
    });
    const text = `removed ${removed} message${removed === 1 ? "" : "s"}`;
    stdout.write(flags.json === true ? valueJson({ removed }, "line") : text); // (Q1)
    for (const line of kept) stderr.write(line); // what was sent and has not come yet is not gone
    await stdout.written("applied");
  });
}

const help = `
Examples:
  mpreg queue create jobs --setting maxReceives=5 --setting deadLetter=jobs-dead
  mpreg queue send jobs '{"id":7}'
  mpreg queue receive jobs --ack

mpreg queue COMMAND --help tells more.`;

const createHelp = `
Settings, with their defaults:
  durable=true                on disk before a send is answered; that needs a node with a data directory
  guarantee=at-least-once     or fire-and-forget, broadcast, or '{"kind":"quorum","needed":2}'
  order=standard              or fifo, priority (with priorityAgeMs)
  visibilityMs=30000          how long a lease is
  delayMs=0 ttlMs=345600000   how long a message is held back, and how long it lives at most
  messagesMax=1000000 bytesMax=1073741824 messageBytesMax=1048576
                              how much it holds
  overflow=reject             or drop-oldest
  keyWindowMs=86400000 resultMs=300000
                              how long idempotency keys and results are kept
Not set unless you do:
  maxReceives=5 deadLetter=jobs-dead
  retry='{"baseMs":1000,"maxMs":60000,"jitter":true}'
  dedup='{"windowMs":300000,"scope":"queue","byContent":false}'
  rate='{"perSecond":100,"burst":10}' groupRate=…
  topics='["shop.*.sold"]'    patterns that feed it
  consumer='{"function":"resize","concurrency":4}'
                              the function that works it off
  tags='{"team":"shop"}'

Examples:
  mpreg queue create jobs
  mpreg queue create mails --setting order=fifo --setting visibilityMs=60000
  mpreg queue create jobs --setting maxReceives=5 --setting deadLetter=jobs-dead
  mpreg queue create bills --setting topics='["shop.*.sold"]'
  mpreg queue create scratch --setting durable=false --owner worker`;
