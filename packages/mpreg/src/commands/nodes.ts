/**
 * `mpreg nodes`: the nodes of the cluster, as the asked one sees them.
 */
import type { NodeInfo } from "@mpreg/core";
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import type { Column } from "../render/table.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

export function defineNodes(program: Command, terminal: Terminal): void {
  const command = program.command("nodes").description("List the nodes of the cluster, first the one that is asked.");
  withConnectionOptions(command)
    .addHelpText("after", "\nExamples:\n  mpreg nodes\n  mpreg nodes --url ws://127.0.0.1:9001 --json")
    .action((flags: ConnectionFlags) => listNodes(flags, terminal));
}

async function listNodes(flags: ConnectionFlags, { stdout }: Terminal): Promise<void> {
  const nodes = await withClient(flags, (client) => client.nodes(inspectOptionsOf(flags)));
  if (flags.json === true) {
    stdout.write(valueJson(nodes, "line"));
    return;
  }
  const { tableText } = await import("../render/table.js");
  stdout.write(tableText(columns, nodes.map(row), stdout));
}

const columns: readonly Column[] = [
  { heading: "NAME", gives: true },
  { heading: "STATE" },
  { heading: "FUNCTIONS", align: "right" },
  { heading: "IN FLIGHT", align: "right" },
  { heading: "ID" },
  { heading: "URL", gives: true },
];

const idCharacters = 8;

function row({ name, state, functions, inFlight, id, urls }: NodeInfo): string[] {
  return [name, state, String(functions), String(inFlight), id.slice(0, idCharacters), urls.join(" ")];
}
