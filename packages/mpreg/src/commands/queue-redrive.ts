/**
 * `mpreg queue redrive`: dead letters go back where they come from, and are watched on their way.
 *
 * (R1) A redrive is its queue's: it goes on when whoever watches it is interrupted.
 * (R2) One that was watched to its end and has left messages behind has not done what it was asked to: exit code 1, with why.
 */
import { setTimeout as after } from "node:timers/promises";
import type { Client } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import type { Queue } from "@mpreg/core/program";
import type { Redrive } from "@mpreg/core/queues";
import type { Command } from "commander";
import { CommandError, usageError } from "../failure.js";
import { valueJson } from "../render/json.js";
import { redriveText, redrivesText } from "../render/redrives.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface RedriveFlags extends ConnectionFlags {
  readonly to?: string;
  readonly perSecond?: number;
  readonly detach?: true;
  readonly list?: true;
  /** `true`: the one that runs. */
  readonly cancel?: true | string;
}

const lookMs = 500;

export function defineRedrive(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("redrive")
    .description("Move the dead letters of a queue back where they come from, and show how far that is.")
    .argument("<name>", "the queue of dead letters")
    .option("--to <queue>", "all to this queue (default: each to the one that it comes from)")
    .option("--per-second <n>", "messages a second (default: as fast as it goes)", Number)
    .option("--detach", "begin it, and do not wait for its end")
    .option("--list", "show the redrives of the queue: the one that runs, and the last ten that are over")
    .option("--cancel [id]", "end the one of that id (default: the one that runs)");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((name: string, flags: RedriveFlags) => redrive(name, flags, terminal));
}

async function redrive(name: string, flags: RedriveFlags, terminal: Terminal): Promise<void> {
  const { to, perSecond, detach, list, cancel } = flags;
  const isNew = to !== undefined || perSecond !== undefined || detach === true;
  if ((list === true || cancel !== undefined) && (isNew || (list === true && cancel !== undefined))) {
    throw usageError("--list and --cancel stand alone: a redrive is begun, listed or cancelled");
  }
  await withClient(flags, async (client) => {
    const queue = client.queue(name);
    if (list === true) write(await queue.redrives(inspectOptionsOf(flags)), flags, terminal);
    else if (cancel !== undefined) write(await cancelled(queue, cancel, flags), flags, terminal);
    else await start(client, name, flags, terminal);
  });
}

async function start(client: Client, name: string, flags: RedriveFlags, terminal: Terminal): Promise<void> {
  const queue = client.queue(name);
  const { to, perSecond, detach } = flags;
  const options = inspectOptionsOf(flags);
  let told = await queue.redrive({ to, perSecond, ...options });
  while (detach !== true && told.state === "running") {
    if (flags.json !== true) terminal.stderr.write(redriveText(told));
    await after(lookMs);
    told = await lookAt(queue, told.id, flags);
  }
  write(told, flags, terminal);
  if (told.state === "running" || told.refused === 0) return;
  await terminal.stdout.written("applied");
  const why = told.lastRefusal === undefined ? "" : `; the last one: ${told.lastRefusal}`;
  const stay = told.refused === 1 ? "1 message stays" : `${told.refused} messages stay`;
  throw new CommandError(1, `${stay} in queue "${name}"${why}`); // (R2)
}

async function lookAt(queue: Queue, id: string, flags: RedriveFlags): Promise<Redrive> {
  const told = (await queue.redrives(inspectOptionsOf(flags))).find((one) => one.id === id);
  if (told !== undefined) return told;
  const message = `Queue "${queue.name}" does not know of redrive "${id}" any more: it has begun anew, or more came after`;
  throw new MpregError("unknown-request", message, { outcome: "unknown" });
}

async function cancelled(queue: Queue, id: true | string, flags: RedriveFlags): Promise<Redrive> {
  const options = inspectOptionsOf(flags);
  if (id !== true) return queue.cancelRedrive(id, options);
  const running = (await queue.redrives(options)).find(({ state }) => state === "running");
  if (running !== undefined) return queue.cancelRedrive(running.id, options);
  throw new MpregError("invalid-argument", `Queue "${queue.name}" has no redrive that runs`);
}

function write(told: Redrive | readonly Redrive[], flags: RedriveFlags, { stdout }: Terminal): void {
  if (flags.json === true) stdout.write(valueJson(told, "line"));
  else if ("id" in told) stdout.write(redriveText(told));
  else stdout.write(redrivesText(told, stdout));
}

const help = `
Moved are the messages that were there when it began. What is leased, has no room or no queue to go to stays, and what is behind it
in its group; what is for a queue that no node has just now waits up to ten minutes for it. It goes on when this command is interrupted, and after a restart of its node; --cancel ends it.
The exit code is 1 where messages have stayed.

Examples:
  mpreg queue redrive jobs-dead
  mpreg queue redrive jobs-dead --to jobs-slow --per-second 50 --detach
  mpreg queue redrive jobs-dead --list
  mpreg queue redrive jobs-dead --cancel`;
