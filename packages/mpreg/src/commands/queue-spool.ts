/** `mpreg queue spool`: what nodes keep for queues that are elsewhere, and why they have not handed it on. */
import type { Command } from "commander";
import { valueJson } from "../render/json.js";
import { spooledText, spooledWhy } from "../render/spooled.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

export function defineSpool(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("spool")
    .description("Show what nodes keep for queues of other nodes, for whom, and what is in the way.");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((flags: ConnectionFlags) => spool(flags, terminal));
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

const help = `
A node keeps what was sent with --spool while the owner of the queue was away, and dead letters on their way to a queue of another
node. WAITING is handed on when the owner is back; REFUSED is what the queue would not have, and stays.

Examples:
  mpreg queue send jobs '{"id":7}' --spool
  mpreg queue spool
  mpreg queue spool --json`;
