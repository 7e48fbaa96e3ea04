/**
 * `mpreg trace`: what a request did, or does so far, whoever has asked for it.
 *
 * (T1) stdout has the trace and nothing else; what happens meanwhile (`--watch`) goes to stderr.
 */
import type { Client } from "@mpreg/client";
import type { RequestTrace } from "@mpreg/core";
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";
import { eventWriter } from "./running.js";

interface TraceFlags extends ConnectionFlags {
  readonly watch?: true;
}

export function defineTrace(program: Command, terminal: Terminal): void {
  const command = program
    .command("trace")
    .description("Show where the time of a request went: of one that has ended lately, or of one that runs, so far.")
    .argument("<request>", "its id: `mpreg run --summary`, --trace, --watch and errors of requests tell it")
    .option("--watch", "tell on stderr what happens until it ends; with --json a line of JSON for each event");
  withConnectionOptions(command)
    .addHelpText("after", examples)
    .action((request: string, flags: TraceFlags) => trace(request, flags, terminal));
}

async function trace(request: string, flags: TraceFlags, terminal: Terminal): Promise<void> {
  const told = await withClient(flags, async (client) => {
    if (flags.watch === true) await watch(client, request, flags, terminal);
    return client.trace(request, inspectOptionsOf(flags));
  });
  const { stdout } = terminal;
  if (flags.json === true) {
    const { analyse } = await import("@mpreg/core");
    stdout.write(valueJson({ trace: told, analysis: analyse(told) }, "line")); // (T1)
    return;
  }
  stdout.write(await textOf(told));
}

/** Tells what happens until the request ends. */
async function watch(client: Client, request: string, flags: TraceFlags, terminal: Terminal): Promise<void> {
  const signal = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout);
  const write = eventWriter(flags, terminal);
  for await (const event of client.watch(request, { signal })) write(event);
}

async function textOf(told: RequestTrace): Promise<string> {
  const { traceText } = await import("@mpreg/core");
  const { printable } = await import("../render/text.js");
  const { state, error, running, unfinished } = told;
  const isTold = unfinished !== undefined; // a node of an earlier version tells only where steps run
  const lines = isTold ? [] : running.map(({ step, node }) => `running: ${printable(step)} on ${printable(node)}`);
  if (error !== undefined) lines.push(`failed: ${error.code}: ${printable(error.message)}`);
  else if (state === "running") lines.push("it has not ended");
  return [traceText(told), ...lines].join("\n");
}

const examples = `
Examples:
  mpreg trace 0f1e2d3c-1a
  mpreg trace 0f1e2d3c-1a --watch
  mpreg trace 0f1e2d3c-1a --url ws://127.0.0.1:9001 --json

Any node can be asked. Graphs are remembered by the node that has run them, the last 1,000 for 10 minutes; single calls only if they
were watched or summarised.`;
