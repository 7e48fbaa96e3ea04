/**
 * `mpreg functions`: what can be called, and which nodes offer it.
 */
import type { FunctionInfo } from "@mpreg/core";
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import type { Column } from "../render/table.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

export function defineFunctions(program: Command, terminal: Terminal): void {
  const command = program
    .command("functions")
    .description(
      "List the functions of the cluster, who offers them, in which version and with which resources and tags.",
    );
  withConnectionOptions(command)
    .addHelpText("after", "\nExamples:\n  mpreg functions\n  mpreg functions --url ws://127.0.0.1:9001 --json")
    .action((flags: ConnectionFlags) => listFunctions(flags, terminal));
}

async function listFunctions(flags: ConnectionFlags, { stdout }: Terminal): Promise<void> {
  const functions = await withClient(flags, (client) => client.functions(inspectOptionsOf(flags)));
  if (flags.json === true) {
    stdout.write(valueJson(functions, "line"));
    return;
  }
  const { tableText } = await import("../render/table.js");
  stdout.write(tableText(columns, functions.flatMap(rows), stdout));
}

const columns: readonly Column[] = [
  { heading: "FUNCTION", gives: true },
  { heading: "NODE", gives: true },
  { heading: "VERSION" },
  { heading: "RESOURCES", gives: true },
  { heading: "TAGS", gives: true },
  { heading: "CIRCUIT" },
];

const none = "-";

/** One row per offer, each with the function's name, so that every line can be found; a column is a word, for awk. */
function rows({ name, offers }: FunctionInfo): string[][] {
  const listed = (names: readonly string[]): string => names.join(",") || none;
  return offers.map(({ node, version = none, resources, tags, circuit = "closed" }) => [
    name,
    node,
    version,
    listed(resources),
    listed(tags),
    circuit,
  ]);
}
