/**
 * `mpreg topics`: what goes through topics, on each node and in the whole cluster.
 *
 * (T1) A rate is the difference of two counts by the time between them, both of the node's own clock; nothing is guessed. Where a count
 *      is missing, or a node has begun anew, there is none.
 * (T2) A node that does not tell is told of; where none does, the command fails.
 */
import { setTimeout as after } from "node:timers/promises";
import type { Client } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import type { Command } from "commander";
import { parseCount } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ClusterTopics, type NodeReport, clusterTopics } from "../topics/rates.js";
import { type ConnectionFlags, inspectOptionsOf, withClient, withConnectionOptions } from "./connection.js";

interface TopicsFlags extends ConnectionFlags {
  readonly node?: string;
  readonly most?: number;
  readonly watch?: true;
}

const intervalMs = 1_000;
/** Nodes that are asked at a time. */
const askedMax = 16;

export function defineTopics(program: Command, terminal: Terminal): void {
  const command = program
    .command("topics")
    .description("Show what goes through topics: messages a second, on each node, and who is subscribed to what.")
    .option("--node <name>", "only this node, by name or id (default: every node of the cluster)")
    .option("--most <n>", "of each node so many kinds of subscriptions at most (default: 1000)", parseCount)
    .option("--watch", "again each second, until it is interrupted; with --json a line of JSON each time");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((flags: TopicsFlags) => topics(flags, terminal));
}

async function topics(flags: TopicsFlags, terminal: Terminal): Promise<void> {
  const write = await writerOf(flags, terminal);
  await withClient(flags, async (client) => {
    let before = await reportsOf(client, flags);
    do {
      await after(intervalMs);
      const now = await reportsOf(client, flags);
      write(clusterTopics(before, now)); // (T1)
      await terminal.stdout.written(); // to nobody it would be written for ever
      before = now;
    } while (flags.watch === true);
  });
}

/** Asks each node. (T2) */
async function reportsOf(client: Client, flags: TopicsFlags): Promise<NodeReport[]> {
  const options = { ...inspectOptionsOf(flags), most: flags.most };
  if (flags.node !== undefined)
    return [{ id: flags.node, report: await client.topics({ ...options, node: flags.node }) }];
  const nodes = await client.nodes(inspectOptionsOf(flags));
  const told: NodeReport[] = [];
  for (let at = 0; at < nodes.length; at += askedMax) {
    const asked = nodes.slice(at, at + askedMax).map(async ({ id, name }): Promise<NodeReport> => {
      try {
        return { id, report: await client.topics({ ...options, node: id }) };
      } catch (error) {
        if (!(error instanceof MpregError)) throw error;
        return { id, name, error };
      }
    });
    told.push(...(await Promise.all(asked)));
  }
  const refused = told.find((each) => "error" in each);
  if (refused !== undefined && "error" in refused && told.every((each) => "error" in each)) throw refused.error;
  return told;
}

async function writerOf(flags: TopicsFlags, { stdout, stderr }: Terminal): Promise<(told: ClusterTopics) => void> {
  if (flags.json === true) {
    return (told) => {
      stdout.write(valueJson(told, "line"));
    };
  }
  const [{ topicsText, untoldText }, { clear, overdrawn }] = await Promise.all([
    import("../render/topics.js"),
    import("../render/overdraw.js"),
  ]);
  const isDrawn = flags.watch === true && stdout.isTerminal;
  let isFirst = true;
  return (told) => {
    const text = topicsText(told, stdout);
    const untold = untoldText(told);
    if (isDrawn) {
      const lines = [...untold, ...(untold.length === 0 ? [] : [""]), ...text.split("\n")];
      stdout.write((isFirst ? clear : "") + overdrawn(lines, process.stdout.rows, stdout.columns));
    } else {
      stdout.write(isFirst ? text : `\n${text}`);
      for (const line of untold) stderr.write(line);
    }
    isFirst = false;
  };
}

const help = `
Measured for a second; - is "not known". PUBLISHED: by clients of the node; RECEIVED: from other nodes; FORWARDED: to them, once for
each; DELIVERED: handed on to subscriptions. LOST is counted since the node began: to slow consumers, expired, on the way.
WAITING is for slow consumers: bytes of a node, messages of a pattern.

Examples:
  mpreg topics
  mpreg topics --watch --node worker
  mpreg topics --json --url ws://127.0.0.1:9001`;
