/**
 * `mpreg respond`: answers requests of a topic, with a value or by a function.
 *
 * (R1) stdout has the requests that are answered and nothing else, each on a line; what happens goes to stderr.
 * (R2) What the function throws reaches whoever has asked, and is told on stderr.
 * (R3) It goes on over another connection when one is lost, until it is interrupted, which is its ordinary end, or has given `--count`
 *      answers. Either way what has come by then is still answered.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Client, TopicMessage } from "@mpreg/client";
import { thrownText } from "@mpreg/core/base";
import type { Command } from "commander";
import { CommandError, usageError } from "../failure.js";
import { reasonOf } from "../input/files.js";
import { parseCount, parseValue } from "../input/options.js";
import { valueJson } from "../render/json.js";
import { messageJson, messageText, subscriptionText } from "../render/message.js";
import { printable } from "../render/text.js";
import { stopRequested } from "../start/stop.js";
import type { Terminal } from "../terminal.js";
import { type ConnectionFlags, withClient, withConnectionOptions } from "./connection.js";

interface RespondFlags extends ConnectionFlags {
  readonly value?: string;
  readonly module?: string;
  readonly group?: string;
  readonly count?: number;
}

type Answer = (message: TopicMessage) => unknown;

/** How long what has come may still take at the end. */
const drainMsMax = 30_000;

export function defineRespond(program: Command, terminal: Terminal): void {
  const command = program
    .command("respond")
    .description("Answer requests of topics, as mpreg pub --request makes them, until it is interrupted.")
    .argument("<patterns...>", "in quotes, since * and # mean something to a shell, too: 'double' 'prices.*'")
    .option("--value <json>", "what each is answered: JSON where it is JSON, else a text as it is")
    .option(
      "--module <file>",
      "module that exports respond(message), which returns the answer, or a promise of it, or throws",
    )
    .option("--group <name>", "share the requests: of all members of a group, one answers each")
    .option("--count <n>", "end after so many answers", parseCount);
  withConnectionOptions(command)
    .addHelpText("after", help)
    .action((patterns: readonly string[], flags: RespondFlags) => respond(patterns, flags, terminal));
}

async function respond(patterns: readonly string[], flags: RespondFlags, terminal: Terminal): Promise<void> {
  const answer = await answerOf(flags);
  const stopped = stopRequested().catch(() => undefined);
  await withClient(flags, (client) => serve(client, patterns, answer, flags, terminal, stopped), { lasts: true });
}

async function answerOf({ value, module }: RespondFlags): Promise<Answer> {
  if ((value === undefined) === (module === undefined)) {
    throw usageError("What is answered is said by one of --value JSON and --module FILE");
  }
  if (module !== undefined) return functionOf(resolve(module));
  const answer = parseValue(value as string, "the value");
  return () => answer;
}

async function functionOf(path: string): Promise<Answer> {
  const cannot = (why: string, cause?: unknown): CommandError =>
    new CommandError(1, `Cannot load the module ${path}: ${why}`, cause);
  await readFile(path).catch((error: unknown) => {
    throw cannot(reasonOf(error)); // said better than by import()
  });
  const exported = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw cannot(reasonOf(error), error);
  })) as { readonly respond?: unknown };
  if (typeof exported.respond !== "function") throw cannot("it must export a function respond(message)");
  return exported.respond as Answer;
}

async function serve(
  client: Client,
  patterns: readonly string[],
  answer: Answer,
  { group, count = Infinity, timeout, json }: RespondFlags,
  { stdout, stderr }: Terminal,
  stopped: Promise<void>,
): Promise<void> {
  let answered = 0;
  let end: () => void = () => undefined;
  const enough = new Promise<void>((ended) => {
    end = ended;
  });
  const onRequest: Answer = async (message) => {
    try {
      stdout.write(json === true ? messageJson(message) : messageText(message, stdout.colours)); // (R1)
      return await answer(message);
    } catch (error) {
      const text = thrownText(error);
      const told = { kind: "threw", topic: message.topic, error: text };
      const line = stderr.colours.yellow(`the answer to a request of ${printable(message.topic)} is an error: `);
      stderr.write(json === true ? valueJson({ event: told }, "line") : `${line}${printable(text)}`); // (R2)
      throw error;
    } finally {
      answered += 1;
      if (answered >= count) end();
    }
  };
  const subscription = await client.respond(patterns, onRequest, { group, timeoutMs: timeout });
  await subscription.everywhere({ timeoutMs: timeout });
  const event = { kind: "everywhere" } as const;
  stderr.write(json === true ? valueJson({ event }, "line") : subscriptionText(event, stderr.colours));
  await Promise.race([enough, stopped, subscription.closed]);
  await subscription.drain({ timeoutMs: drainMsMax }); // (R3)
  await stdout.written();
}

const help = `
A message that asks for no answer is left out. Answers are what the function returns, any value that an argument of a call can be; what it throws
reaches whoever has asked as an error. Several that respond to the same topic all answer, and the first answer counts: name a --group to share.

Examples:
  mpreg respond double --module ./double.mjs     export const respond = ({ payload }) => payload * 2;
  mpreg respond 'health.*' --value '{"ok":true}'
  mpreg pub double 21 --request`;
