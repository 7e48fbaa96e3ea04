/**
 * `mpreg pub`: messages to a topic.
 *
 * (P1) Every message is confirmed by the node, so that exit code 0 means that it has them all. What was refused is told, and how many
 *      were published.
 * (P2) Messages are published in the order in which they are given, some of them before the first is confirmed.
 */
import { createInterface } from "node:readline";
import type { Client, PublishConfirmation } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import { Fifo } from "@mpreg/core/structures";
import { type Command, Option } from "commander";
import { CommandError, usageError } from "../failure.js";
import { addHeader, parseCount, parseDurationMs, parseValue } from "../input/options.js";
import { valueJson } from "../render/json.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withClient, withConnectionOptions } from "./connection.js";
import { writeResult } from "./running.js";

interface PubFlags extends ConnectionFlags {
  readonly lines?: true;
  readonly id?: string;
  readonly header?: Readonly<Record<string, string>>;
  /** In ms. */
  readonly ttl?: number;
  readonly priority?: number;
  readonly replyTo?: string;
  readonly confirm?: "local" | "subscribers";
  readonly count?: number;
  readonly request?: true;
}

/** Messages that are on their way before the first of them is confirmed. */
const underWayMax = 256;

export function definePub(program: Command, terminal: Terminal): void {
  const command = program
    .command("pub")
    .description("Publish to a topic of the cluster.")
    .argument("<topic>", "words between dots: orders.new")
    .argument("[payload]", "JSON where it is JSON, else a text as it is; after -- also what begins with -")
    .option("--lines", "each line of stdin is a payload, as it comes")
    .option("--id <text>", "its id, unique for each message (default: one is made)")
    .option("--header <name=value>", "a header of the message (repeatable)", addHeader)
    .option("--ttl <duration>", "how long it may wait or be kept, in seconds or like 500ms, 2s, 5m", parseDurationMs)
    .option("--priority <n>", "0 to 9: of what waits, the highest is next (default: 4)", Number)
    .option("--reply-to <topic>", "where answers are to be published")
    .option("--count <n>", "publish it so many times", parseCount)
    .addOption(
      new Option(
        "--confirm <level>",
        "print what became of it: local: at the node that took it; subscribers: at all nodes",
      ).choices(["local", "subscribers"]),
    )
    .option("--request", "wait for the first answer of whoever responds, and print it as JSON");
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((topic: string, payload: string | undefined, flags: PubFlags) => pub(topic, payload, flags, terminal));
}

async function pub(topic: string, payload: string | undefined, flags: PubFlags, terminal: Terminal): Promise<void> {
  if (flags.id !== undefined && (flags.lines === true || (flags.count ?? 1) > 1)) {
    throw usageError("--id is the id of one message: without it, each of several gets one of its own");
  }
  const payloads = payloadsOf(payload, flags);
  if (flags.request === true && (flags.confirm !== undefined || flags.replyTo !== undefined)) {
    throw usageError("--request has an answer instead of --confirm, and a topic for it instead of --reply-to");
  }
  await withClient(flags, async (client) => {
    if (flags.request === true) return request(client, topic, payloads, flags, terminal);
    const total = await publish(client, topic, payloads, flags);
    if (flags.confirm === undefined) return;
    terminal.stdout.write(flags.json === true ? valueJson(total, "line") : totalText(total));
    await terminal.stdout.written("applied");
  });
}

type Payloads = Iterable<unknown> | AsyncIterable<unknown>;

function payloadsOf(payload: string | undefined, { lines, count }: PubFlags): Payloads {
  if (lines !== true) {
    if (payload === undefined) {
      throw usageError(
        "A payload is missing: give it after the topic (null is one), or --lines to read them from stdin",
      );
    }
    return repeated(parseValue(payload, "the payload"), count ?? 1);
  }
  if (payload !== undefined) throw usageError("With --lines the payloads come from stdin, not from an argument");
  if (count !== undefined) throw usageError("--count repeats one payload; with --lines each line is published once");
  return payloadsOfLines();
}

function* repeated(payload: unknown, count: number): Iterable<unknown> {
  for (let i = 0; i < count; i++) yield payload;
}

async function* payloadsOfLines(): AsyncIterable<unknown> {
  let number = 0;
  try {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      number += 1;
      yield parseValue(line, `line ${number}`);
    }
  } finally {
    process.stdin.destroy(); // whoever writes to it hears that nobody reads any more
  }
}

function fieldsOf({ id, header: headers, ttl: ttlMs, priority, timeout: timeoutMs }: PubFlags): object {
  return { id, headers, ttlMs, priority, timeoutMs };
}

async function request(
  client: Client,
  topic: string,
  payloads: Payloads,
  flags: PubFlags,
  terminal: Terminal,
): Promise<void> {
  for await (const payload of payloads) {
    await writeResult(await client.publishRequest(topic, payload, fieldsOf(flags)), flags, terminal);
  }
}

/** What became of all messages: by subscriptions of the nodes that tell of them, and how often one went to another node. */
type Total = { -readonly [K in keyof PublishConfirmation]: number } & { messages: number };

/** (P1, P2) */
async function publish(client: Client, topic: string, payloads: Payloads, flags: PubFlags): Promise<Total> {
  const options = { ...fieldsOf(flags), replyTo: flags.replyTo, confirm: flags.confirm ?? "local" };
  const total: Total = { messages: 0, handed: 0, waiting: 0, lost: 0, nodes: 0 };
  const underWay = new Fifo<Promise<PublishConfirmation>>();
  let begun = 0;
  let failure: { readonly error: unknown } | undefined;
  const settleFirst = async (): Promise<void> => {
    try {
      const confirmation = await underWay.shift();
      if (confirmation !== undefined) add(total, confirmation);
    } catch (error) {
      failure ??= { error };
    }
  };
  try {
    for await (const payload of payloads) {
      if (underWay.size >= underWayMax) await settleFirst();
      if (failure !== undefined) break;
      const confirmed = client.publish(topic, payload, options);
      confirmed.catch(() => undefined); // told when it is its turn
      underWay.push(confirmed);
      begun += 1;
    }
  } catch (error) {
    failure ??= { error };
  }
  while (underWay.size > 0) await settleFirst();
  if (failure === undefined) return total;
  const isAlone = flags.lines !== true && flags.count === undefined;
  throw isAlone ? failure.error : withCounts(failure.error, total.messages, begun);
}

function add(total: Total, { handed, waiting, lost, nodes }: PublishConfirmation): void {
  total.messages += 1;
  total.handed += handed;
  total.waiting += waiting;
  total.lost += lost;
  total.nodes += nodes;
}

/** The first error, and what became of the other messages. (P1) */
function withCounts(error: unknown, published: number, begun: number): unknown {
  const counts = `${published} of ${begun} messages were published`;
  if (error instanceof CommandError) return new CommandError(error.exitCode, `${error.message} (${counts})`);
  if (!(error instanceof MpregError)) return error;
  const { code, message, outcome, node, cause } = error;
  return new MpregError(code, `${message} (${counts})`, { outcome, node, cause });
}

function totalText({ messages, handed, waiting, lost, nodes }: Total): string {
  const subscriptions = `handed to ${handed}, waiting for ${waiting}, lost to ${lost}`;
  const elsewhere = nodes === 0 ? "" : `; sent on to other nodes ${nodes === 1 ? "once" : `${nodes} times`}`;
  return `published ${messages}: by subscriptions here ${subscriptions}${elsewhere}`;
}

const help = `
The node has taken every message when the command ends with 0. Whether somebody wants them is another question: --confirm tells.

Examples:
  mpreg pub orders.new '{"id":7}' --header region=eu
  mpreg pub news.today "hi there!" --confirm local
  tail -f app.log | mpreg pub logs.app --lines
  mpreg pub double 21 --request
  mpreg pub load.test '"x"' --count 10000`;
