/**
 * `mpreg call`: one function, its result.
 */
import type { Command } from "commander";
import { addNames, parseObject, parseValues } from "../input/options.js";
import type { Terminal } from "../terminal.js";
import { withClient } from "./connection.js";
import { type RunningFlags, runningOf, withRunningOptions, writeResult } from "./running.js";

interface CallFlags extends RunningFlags {
  readonly resources?: readonly string[];
  readonly funVersion?: string;
  readonly target?: string;
  readonly prefer?: readonly string[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

export function defineCall(program: Command, terminal: Terminal): void {
  const command = program
    .command("call")
    .description("Call a function somewhere in the cluster and print its result as JSON.")
    .argument("<fun>", "name of the function")
    .argument(
      "[args...]",
      "its arguments: JSON where they are JSON, else texts as they are; after -- also what begins with -",
    )
    .option("--resources <names>", "resources the running node must have, all of them: a,b (repeatable)", addNames)
    .option("--fun-version <range>", 'versions of the function that will do: ^2, 1.4.0, ">=1.2 <3"')
    .option("--target <node>", "name or id of the only node that may run it")
    .option("--prefer <names>", "resources of which more are better: a,b (repeatable)", addNames)
    .option("--kwargs <json>", "a JSON object, given to the function as its last argument", parseObject);
  withRunningOptions(command)
    .addHelpText("after", examples)
    .action((fun: string, args: readonly string[], flags: CallFlags) => call(fun, parseValues(args), flags, terminal));
}

async function call(fun: string, args: readonly unknown[], flags: CallFlags, terminal: Terminal): Promise<void> {
  const { options, writeSummary } = runningOf(flags, terminal);
  const { resources, kwargs, funVersion: version, target, prefer } = flags;
  const asked = { resources, kwargs, version, target, prefer, ...options };
  await withClient(flags, async (client) => {
    const result = await client.call(fun, args, asked);
    await writeSummary();
    await writeResult(result, flags, terminal); // a stream needs its client
  });
}

const examples = `
Examples:
  mpreg call echo "hi there!"
  mpreg call add 1 2.5 --timeout 500ms
  mpreg call train_model '{"rows":[1,2,3]}' --resources gpu,dataset-v2
  mpreg call report --kwargs '{"unit":"C"}' --url ws://127.0.0.1:9001 --json

Integers beyond 2^53 reach the function as bigint, with all their digits. '"3"' is the text 3.
What JSON cannot hold is shown as: bigint a number, Map an object or pairs, Set a list, Date its ISO text, bytes base64.`;
