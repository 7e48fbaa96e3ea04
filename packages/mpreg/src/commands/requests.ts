/**
 * `mpreg requests`: which requests a node coordinates, and has coordinated lately.
 *
 * (R1) With `--watch` the list is asked for again each second, over one connection, until the command is ended or a list
 *      cannot be had.
 */
import { setTimeout as after } from "node:timers/promises";
import type { RequestList } from "@mpreg/core";
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface RequestsFlags extends ConnectionFlags {
  readonly node?: string;
  readonly watch?: true;
}

const intervalMs = 1_000;

export function defineRequests(program: Command, terminal: Terminal): void {
  const command = program
    .command("requests")
    .description("List the requests that a node coordinates: those that run, and those that have ended lately.")
    .option("--node <name>", "the node whose requests are meant, by name or id (default: the one that is asked)")
    .option("--watch", "again each second, until it is interrupted; with --json a line of JSON each time");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((flags: RequestsFlags) => requests(flags, terminal));
}

async function requests(flags: RequestsFlags, terminal: Terminal): Promise<void> {
  const { node } = flags;
  const options = { ...inspectOptionsOf(flags), node };
  const { stdout } = terminal;
  const write = await writerOf(flags, terminal);
  await withClient(flags, async (client) => {
    write(await client.requests(options));
    while (flags.watch === true) {
      await stdout.written(); // to nobody it would be written for ever
      await after(intervalMs);
      write(await client.requests(options)); // (R1)
    }
  });
}

async function writerOf(flags: RequestsFlags, { stdout, stderr }: Terminal): Promise<(list: RequestList) => void> {
  if (flags.json === true) {
    return (list) => {
      stdout.write(valueJson(list, "line"));
    };
  }
  const [{ leftOutText, requestsText }, { clear, overdrawn }] = await Promise.all([
    import("../render/requests.js"),
    import("../render/overdraw.js"),
  ]);
  const isDrawn = flags.watch === true && stdout.isTerminal;
  let isFirst = true;
  return (list) => {
    const text = requestsText(list, stdout);
    const leftOut = leftOutText(list);
    if (isDrawn) {
      const lines = [...(leftOut === undefined ? [] : [leftOut, ""]), ...text.split("\n")];
      stdout.write((isFirst ? clear : "") + overdrawn(lines, process.stdout.rows, stdout.columns));
    } else {
      stdout.write(isFirst ? text : `\n${text}`);
      if (leftOut !== undefined) stderr.write(leftOut);
    }
    isFirst = false;
  };
}

const help = `
A request is coordinated by the node that its client is connected to. Listed are graphs, and single calls that are watched or
summarised; of each node 1,000 that run, the oldest first, and 1,000 that have ended, the latest first.
  STEPS   how many have ended, of how many; a map with all its items counts as one
  NODE    coordinates it; CALLER: address of the client that has asked for it, or node:NAME, or self: the node's own program

mpreg trace REQUEST tells more of one.

Examples:
  mpreg requests
  mpreg requests --node worker --watch
  mpreg requests --url ws://127.0.0.1:9001 --json`;
