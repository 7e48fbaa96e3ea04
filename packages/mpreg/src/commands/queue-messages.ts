/**
 * `mpreg queue send`, `receive` and `browse`: the messages of a queue.
 *
 * (M1) Exit code 0 of a send means that the queue has all messages: of a durable one, on disk. Else it is told how many were sent.
 * (M2) A message is acknowledged only once its line is out: a reader that has gone away loses none.
 * (M3) That there is no message is no failure. It is told to people; programs see that no line came.
 */
import type { Client } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import type { QueueMessage, SendOptions, Sent } from "@mpreg/core/program";
import { type Command, Option } from "commander";
import { usageError } from "../failure.js";
import { addHeader, addText, parseCount, parseDurationMs, parseDurationMsOrOff, parseValue } from "../input/options.js";
import { valueJson } from "../render/json.js";
import { queueMessageJson, queueMessageText } from "../render/queues.js";
import { printable } from "../render/text.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withClient, withConnectionOptions } from "./connection.js";

interface SendFlags extends ConnectionFlags {
  readonly id?: string;
  readonly group?: string;
  readonly dedup?: string;
  /** In ms. */
  readonly delay?: number;
  readonly ttl?: number;
  readonly priority?: number;
  readonly header?: Readonly<Record<string, string>>;
  readonly after?: readonly string[];
  readonly key?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly spool?: true;
}

interface ReceiveFlags extends ConnectionFlags {
  readonly max?: number;
  /** In ms. */
  readonly wait?: number;
  readonly visibility?: number;
  readonly subscription?: string;
  readonly ack?: true;
}

interface BrowseFlags extends ConnectionFlags {
  readonly state?: "available" | "delayed" | "leased";
  readonly max?: number;
  readonly subscription?: string;
}

/** What a queue takes in one go. */
const batchMax = 1_000;
const waitMsDefault = 20_000;

export function defineSend(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("send")
    .description("Send messages to a queue, and print the id of each on a line.")
    .argument("<name>", "the queue")
    .argument("<values...>", "each JSON where it is JSON, else a text as it is; after -- also what begins with -")
    .option("--id <text>", "its id, unique in the queue (default: one is made)")
    .option("--group <name>", "in a fifo queue, messages of a group come in order, one at a time")
    .option("--dedup <text>", "what it is known by where the queue deduplicates")
    .option("--delay <duration>", "how long nobody receives it, in seconds or like 500ms, 2s, 5m", parseDurationMs)
    .option("--ttl <duration>", "how long it lives at most", parseDurationMs)
    .option("--priority <n>", "0 to 9, in a priority queue (default: 4)", Number)
    .option("--header <name=value>", "a header of the message (repeatable)", addHeader)
    .option("--after <id>", "the id of a message that has to be done before (repeatable)", addText)
    .option("--key <text>", "of messages with the same key only one is ever done")
    .option("--correlation-id <text>", "what receivers know it by")
    .option("--reply-to <text>", "where receivers are to answer")
    .option(
      "--spool",
      "where the owner of the queue is away, let the node that is asked keep it on its disk until it is back",
    );
  withConnectionOptions(command)
    .addHelpText("after", sendHelp)
    .action((name: string, values: readonly string[], flags: SendFlags) => send(name, values, flags, terminal));
}

async function send(name: string, values: readonly string[], flags: SendFlags, { stdout }: Terminal): Promise<void> {
  if (flags.id !== undefined && values.length > 1) {
    throw usageError("--id is the id of one message: without it, each of several gets one of its own");
  }
  const { id, group, dedup, delay: delayMs, ttl: ttlMs, priority, header: headers } = flags;
  const { after, key: idempotencyKey, correlationId, replyTo } = flags;
  const about: SendOptions = { after, idempotencyKey, correlationId, replyTo };
  const fields: SendOptions = { id, group, dedup, delayMs, ttlMs, priority, headers, ...about };
  const messages = values.map((text, index) => ({ ...fields, value: parseValue(text, `value ${index + 1}`) }));
  await withClient(flags, async (client) => {
    const { sent, error } = await sendAll(client, name, messages, flags);
    for (const each of sent) stdout.write(flags.json === true ? valueJson(each, "line") : sentText(each));
    await stdout.written("applied");
    if (error === undefined) return;
    throw messages.length === 1 ? error : withCounts(error, sent.length, messages.length); // (M1)
  });
}

/** All that were sent, and the first error, after which nothing more is sent. */
async function sendAll(
  client: Client,
  name: string,
  messages: readonly (SendOptions & { readonly value: unknown })[],
  { timeout: timeoutMs, spool }: SendFlags,
): Promise<{ readonly sent: readonly Sent[]; readonly error: unknown }> {
  const queue = client.queue(name);
  const sent: Sent[] = [];
  let error: unknown;
  try {
    for (let at = 0; at < messages.length && error === undefined; at += batchMax) {
      const accept = spool === true ? "spool" : undefined;
      for (const end of await queue.sendBatch(messages.slice(at, at + batchMax), { timeoutMs, accept })) {
        if (end.sent === undefined) error ??= end.error;
        else sent.push(end.sent);
      }
    }
  } catch (thrown) {
    error = thrown;
  }
  return { sent, error };
}

function sentText({ id, duplicate, spooled }: Sent): string {
  if (spooled === true) return printable(`${id} (kept until the owner of the queue is back)`);
  return printable(duplicate ? `${id} (the queue had it already)` : id);
}

function withCounts(error: unknown, sent: number, total: number): unknown {
  if (!(error instanceof MpregError)) return error;
  const { code, message, outcome, node, cause } = error;
  return new MpregError(code, `${message} (${sent} of ${total} messages were sent)`, { outcome, node, cause });
}

export function defineReceive(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("receive")
    .description("Receive messages of a queue, and print each on a line.")
    .argument("<name>", "the queue")
    .option("--max <n>", "so many at most, up to 1000 (default: 1)", parseCount)
    .option("--wait <duration>", "for the first one; off: not at all (default: 20s)", parseDurationMsOrOff)
    .option("--visibility <duration>", "how long nobody else gets them (default: as the queue says)", parseDurationMs)
    .option("--subscription <name>", "whose copies, of a queue for broadcast or quorum")
    .option("--ack", "acknowledge them once they are printed; else others get them when their lease is over");
  withConnectionOptions(command)
    .addHelpText("after", receiveHelp)
    .action((name: string, flags: ReceiveFlags) => receive(name, flags, terminal));
}

async function receive(name: string, flags: ReceiveFlags, { stdout, stderr }: Terminal): Promise<void> {
  const { max, wait: waitMs = waitMsDefault, visibility: visibilityMs, subscription, timeout: timeoutMs } = flags;
  await withClient(flags, async (client) => {
    const queue = client.queue(name);
    // who acknowledges it at once has no use for its receipt
    const text = (message: QueueMessage): string =>
      queueMessageText(message, stdout.colours, flags.ack === true ? undefined : message.receipt);
    const messages = await queue.receive({ max, waitMs, visibilityMs, subscription, timeoutMs });
    for (const message of messages) {
      stdout.write(flags.json === true ? queueMessageJson(message) : text(message));
    }
    await stdout.written(flags.ack === true ? "not-applied" : "applied"); // (M2)
    if (messages.length === 0 && flags.json !== true) stderr.write(stderr.colours.dim("no message came")); // (M3)
    if (flags.ack !== true || messages.length === 0) return;
    const ends = await queue.ack(
      messages.map(({ receipt }) => receipt),
      { timeoutMs },
    );
    const error = ends.find((end) => end !== undefined);
    if (error !== undefined) throw error;
  });
}

export function defineBrowse(queue: Command, terminal: Terminal): void {
  const command = queue
    .command("browse")
    .description("Look at messages of a queue without receiving them, each on a line.")
    .argument("<name>", "the queue")
    .addOption(new Option("--state <state>", "only those").choices(["available", "delayed", "leased"]))
    .option("--max <n>", "so many at most, up to 1000 (default: 100)", parseCount)
    .option("--subscription <name>", "whose copies, of a queue for broadcast or quorum");
  withConnectionOptions(command).action((name: string, flags: BrowseFlags) => browse(name, flags, terminal));
}

async function browse(name: string, flags: BrowseFlags, { stdout }: Terminal): Promise<void> {
  const { state, max: limit, subscription, timeout: timeoutMs, json } = flags;
  const messages = await withClient(flags, (client) =>
    client.queue(name).browse({ state, limit, subscription, timeoutMs }),
  );
  for (const message of messages) {
    stdout.write(json === true ? queueMessageJson(message) : queueMessageText(message, stdout.colours));
  }
}

const sendHelp = `
The queue has every message when the command ends with 0; a durable queue has it on disk. With --spool the node that is asked may
have it on its disk instead, which hands it on once.

Examples:
  mpreg queue send jobs '{"id":7}' --header region=eu
  mpreg queue send jobs 1 2 3
  mpreg queue send reminders "call back" --delay 10m
  mpreg queue send jobs '{"report":7}' --after first --after second
  mpreg queue send mails '{"to":"ann"}' --group ann`;

const receiveHelp = `
A line is the id and the value as JSON, then the headers; with --json it is an object. Without --ack a message is leased: nobody else
gets it for the queue's visibilityMs, then whoever receives next. Its receipt, which is told then, is for mpreg queue ack, release and
extend. Where no message came nothing is printed, and the exit code is 0.

Examples:
  mpreg queue receive jobs
  mpreg queue receive jobs --ack
  mpreg queue receive jobs --max 100 --wait off --ack --json`;
