/**
 * `mpreg nodes`: the nodes of the cluster, as the asked one sees them.
 */
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface NodesFlags extends ConnectionFlags {
  readonly all?: true;
}

export function defineNodes(program: Command, terminal: Terminal): void {
  const command = program
    .command("nodes")
    .description("List the nodes of the cluster, first the one that is asked.")
    .option("--all", "also those that are down or have left and are remembered");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((flags: NodesFlags) => listNodes(flags, terminal));
}

async function listNodes(flags: NodesFlags, { stdout, stderr }: Terminal): Promise<void> {
  const options = inspectOptionsOf(flags);
  const nodes = await withClient(flags, async (client) =>
    flags.all === true ? (await client.cluster(options)).nodes : client.nodes(options),
  );
  if (flags.json === true) {
    stdout.write(valueJson(nodes, "line"));
    return;
  }
  const { nodesText, sharedKeysText } = await import("../render/nodes.js");
  stdout.write(nodesText(nodes, stdout));
  for (const line of sharedKeysText(nodes)) stderr.write(line);
}

const help = `
What the columns are, all as the asked node believes or has measured it; - is "not known":
  STATE       alive; suspect: somebody does not reach it; down: nobody did; left: it has said goodbye; self: it answers
  INCARNATION grows with each start of the node, and with each suspicion that it has contradicted
  LINK        direct, or via a node that has a link to it
  ROUND TRIP  measured; after ~ estimated from network coordinates
  RUNNING     handlers that run on the asked node, or ran on another lately; IN FLIGHT: those of them that the asked node
              waits for

Examples:
  mpreg nodes
  mpreg nodes --all --url ws://127.0.0.1:9001 --json`;
