/**
 * `mpreg queue spool`: what nodes keep for queues that are elsewhere, and why they have not handed it on; and what is to become of messages that were set aside.
 *
 * (P1) What is thrown away was named: by its ids, its queue, or as all.
 */
import type { Client } from "@mpreg/client";
import type { SpooledChoice } from "@mpreg/core/program";
import { Argument, type Command } from "commander";
import { usageError } from "../failure.js";
import { valueJson } from "../render/json.js";
import { spooledFor, spooledText, spooledWhy } from "../render/spooled.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface SpoolFlags extends ConnectionFlags {
  readonly queue?: string;
  readonly all?: true;
}

type Verdict = "retry" | "discard";

export function defineSpool(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("spool")
    .description("Show what nodes keep for queues of other nodes, for whom, and what is in the way.")
    .addArgument(
      new Argument("[verdict]", "what is to become of messages that were set aside").choices(["retry", "discard"]),
    )
    .argument("[ids...]", "these messages (at most 1,000)")
    .option("--queue <name>", "all that were set aside for this queue")
    .option("--all", "all that were set aside");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((verdict: Verdict | undefined, ids: readonly string[], flags: SpoolFlags) => {
      if (verdict !== undefined) return settle(verdict, ids, flags, terminal);
      if (flags.queue === undefined && flags.all === undefined) return spool(flags, terminal);
      throw usageError("--queue and --all say which messages: with retry or discard");
    });
}

/** (P1) */
function choiceOf(ids: readonly string[], { queue, all }: SpoolFlags): SpooledChoice {
  const isNamed = ids.length > 0 || queue !== undefined;
  if (isNamed === (all === true)) throw usageError("give ids, --queue <name>, or --all: which messages?");
  if (ids.length > 0) return queue === undefined ? { ids } : { queue, ids };
  return queue === undefined ? "all" : { queue };
}

async function settle(
  verdict: Verdict,
  ids: readonly string[],
  flags: SpoolFlags,
  { stdout }: Terminal,
): Promise<void> {
  const choice = choiceOf(ids, flags);
  const count = await withClient(flags, (client) =>
    client[verdict === "retry" ? "retrySpooled" : "discardSpooled"](choice, inspectOptionsOf(flags)),
  );
  const word = verdict === "retry" ? "retried" : "discarded";
  const text = `${word} ${count} message${count === 1 ? "" : "s"}`;
  stdout.write(flags.json === true ? valueJson({ [word]: count }, "line") : text);
  await stdout.written("applied");
}

async function spool(flags: ConnectionFlags, { stdout, stderr }: Terminal): Promise<void> {
  const { spooled, names } = await withClient(flags, async (client) => {
    const options = inspectOptionsOf(flags);
    const [all, nodes] = await Promise.all([client.spooled(options), client.nodes(options)]);
    return { spooled: all, names: new Map(nodes.map(({ id, name }) => [id, name])) };
  });
  if (flags.json === true) {
    stdout.write(valueJson(spooled, "line"));
    return;
  }
  stdout.write(spooledText(spooled, names, stdout));
  for (const line of spooledWhy(spooled)) stderr.write(line);
}

/** What nodes keep for these queues, a line for each. */
export async function keptFor(client: Client, queues: readonly string[], flags: ConnectionFlags): Promise<string[]> {
  const options = inspectOptionsOf(flags);
  const all = await client.spooled(options);
  if (!all.some(({ queue }) => queues.includes(queue))) return [];
  const nodes = await client.nodes(options);
  return spooledFor(all, queues, new Map(nodes.map(({ id, name }) => [id, name])));
}

const help = `
A node keeps what was sent with --spool while the owner of the queue was away, and dead letters on their way to a queue of another
node. WAITING is handed on when the owner is back. REFUSED was set aside, because the queue would not have it, or no node has had the
queue for a week: it stays until it is tried again (behind all that waits; where some node has the queue) or discarded, for good.

Examples:
  mpreg queue send jobs '{"id":7}' --spool
  mpreg queue spool
  mpreg queue spool --json
  mpreg queue spool retry --queue jobs
  mpreg queue spool discard '~s1f…'`;
