/**
 * `mpreg sub`: the messages of a pattern, as they come.
 *
 * (S1) stdout has the messages and nothing else, each on a line; what happens to the subscription goes to stderr.
 * (S2) Whatever is missing, or may be, is told.
 * (S3) No faster than stdout takes it: what the reader is too slow for waits at the node, and is lost there by its rules.
 * (S4) It goes on over another connection when one is lost, until it is interrupted, which is its ordinary end.
 */
import type { Client, SubscribeOptions, Subscription, SubscriptionEvent } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import { type Command, Option } from "commander";
import { CommandError, usageError } from "../failure.js";
import { addHeaderCondition, parseBacklog, parseCount } from "../input/options.js";
import { valueJson } from "../render/json.js";
import { type SubscribedWithGap, messageJson, messageText, subscriptionText } from "../render/message.js";
import { Stopped, stopRequested } from "../start/stop.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withClient, withConnectionOptions } from "./connection.js";

interface SubFlags extends ConnectionFlags {
  readonly count?: number;
  readonly backlog?: SubscribeOptions["backlog"];
  readonly group?: string;
  readonly header?: Readonly<Record<string, string | true>>;
  readonly match?: "all" | "any";
  readonly buffer?: number;
  readonly overflow?: SubscribeOptions["overflow"];
}

export function defineSub(program: Command, terminal: Terminal): void {
  const command = program
    .command("sub")
    .description("Subscribe to patterns of topics and print each message on a line, until it is interrupted.")
    .argument("[patterns...]", "in quotes, since * and # mean something to a shell, too: 'user.*.login' 'orders.#'")
    .option("--count <n>", "end after so many messages; with --timeout, fail if they take longer", parseCount)
    .option("--backlog <what>", "first what was published before: last of each topic, 100, or 5m", parseBacklog)
    .option("--group <name>", "share the messages: of all members of a group, one gets each")
    .option(
      "--header <name=value>",
      "only messages with that header, or with the header name (repeatable: all of them)",
      addHeaderCondition,
    )
    .addOption(new Option("--match <how>", "with several --header: all of them, or any").choices(["all", "any"]))
    .option("--buffer <n>", "messages that may wait at the node while stdout is slow (default: 65536)", parseCount)
    .addOption(
      new Option(
        "--overflow <what>",
        "what happens when more waits than the node keeps (default: drop-oldest)",
      ).choices(["drop-oldest", "drop-newest", "block-publisher", "disconnect"]),
    );
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((patterns: readonly string[], flags: SubFlags) => sub(patterns, flags, terminal));
}

async function sub(patterns: readonly string[], flags: SubFlags, terminal: Terminal): Promise<void> {
  if (patterns.length === 0) {
    throw usageError(
      'A pattern is missing, such as "orders.#"; without quotes a shell takes what begins with # for a comment',
    );
  }
  const { count, timeout } = flags;
  const end = new AbortController();
  stopRequested().catch((reason: unknown) => {
    end.abort(reason);
  });
  const timer = count === undefined || timeout === undefined ? undefined : setTimeout(() => end.abort(), timeout);
  try {
    await withClient(flags, (client) => follow(client, patterns, flags, terminal, end.signal), { lasts: true });
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  client: Client,
  patterns: readonly string[],
  flags: SubFlags,
  { stdout, stderr }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { count = Infinity, json } = flags;
  const subscription = await client.subscribe(patterns, optionsOf(flags, signal)).catch((error: unknown) => {
    if (signal.aborted) return undefined; // interrupted before it had begun
    throw error;
  });
  let came = 0;
  if (subscription !== undefined) {
    const hasGap = subscription.unknownGaps > 0;
    const tell = (event: SubscriptionEvent | SubscribedWithGap | { readonly kind: "everywhere" }): void => {
      stderr.write(json === true ? valueJson({ event }, "line") : subscriptionText(event, stderr.colours));
    };
    const told = Promise.all([tellEvents(subscription, tell), tellEverywhere(subscription, tell, signal)]);
    const subscribed = { kind: "subscribed", node: await nodeOf(client) } as const;
    tell(hasGap ? { ...subscribed, gap: "unknown" } : subscribed); // (S2)
    for await (const message of subscription) {
      stdout.write(json === true ? messageJson(message) : messageText(message, stdout.colours));
      await stdout.written(); // (S3)
      came += 1;
      if (came === count) break;
    }
    await subscription.unsubscribe();
    await told;
  }
  if (came >= count || count === Infinity) return;
  throw tooFew(came, count, signal, flags);
}

function optionsOf(
  { backlog, group, buffer: messages, overflow, header: headers, match = "all", timeout }: SubFlags,
  signal: AbortSignal,
) {
  const filter = headers === undefined ? undefined : { match, headers };
  const buffer = messages === undefined ? undefined : { messages };
  return { backlog, group, buffer, overflow, filter, timeoutMs: timeout, signal } satisfies SubscribeOptions;
}

/** (S2) */
async function tellEvents(subscription: Subscription, tell: (event: SubscriptionEvent) => void): Promise<void> {
  for await (const event of subscription.status()) if (event.kind !== "ended") tell(event);
}

/** Who publishes elsewhere from then on is heard. */
async function tellEverywhere(
  subscription: Subscription,
  tell: (event: { readonly kind: "everywhere" }) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await subscription.everywhere({ signal });
    tell({ kind: "everywhere" });
  } catch (error) {
    if (!(error instanceof MpregError)) throw error; // else it has ended before
  }
}

async function nodeOf(client: Client): Promise<string> {
  for await (const event of client.status()) if ("node" in event) return event.node;
  return "";
}

function tooFew(came: number, count: number, signal: AbortSignal, { timeout = 0 }: SubFlags): CommandError {
  const isInterrupted = signal.reason instanceof Stopped;
  const why = isInterrupted ? "until it was interrupted" : `within ${timeout / 1000} s`;
  const many = `${came} of ${count} message${count === 1 ? "" : "s"} came ${why}`;
  return new CommandError(1, many, undefined, isInterrupted ? "cancelled" : "deadline");
}

const help = `
In a pattern * is exactly one word, and # any number of them, also none. A line is the topic and the payload as JSON; with --json it
is an object with topic, payload, id, timestampMs, headers and what else a message has. What is lost or may be is told on stderr.

Examples:
  mpreg sub "user.*.login" "orders.#"
  mpreg sub "metrics.#" --backlog 5m --json
  mpreg sub "jobs.#" --group workers
  mpreg sub "orders.#" --header region=eu --count 1 --timeout 10s`;
