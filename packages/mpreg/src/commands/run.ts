/**
 * `mpreg run`: a graph from a file, its results.
 *
 * (R1) With `--on-error settle` the answer says what became of each step, and the first failure is the command's.
 */
import type { MpregError, SettledAnswer, StepOutcome } from "@mpreg/core";
import { type Command, Option } from "commander";
import { readGraph } from "../input/graph-file.js";
import type { Terminal } from "../terminal.js";
import { withClient } from "./connection.js";
import { type RunningFlags, collected, runningOf, withRunningOptions, writeResult } from "./running.js";

interface RunFlags extends RunningFlags {
  readonly onError?: "fail" | "settle";
}

export function defineRun(program: Command, terminal: Terminal): void {
  const command = program
    .command("run")
    .description("Run a graph of calls from a JSON file and print the results of the steps that no other step uses.")
    .argument("<file>", "the graph; - for stdin")
    .addOption(
      new Option("--on-error <what>", "fail: the first failure ends all; settle: independent branches finish").choices([
        "fail",
        "settle",
      ]),
    );
  withRunningOptions(command)
    .addHelpText("after", examples)
    .action((path: string, flags: RunFlags) => run(path, flags, terminal));
}

async function run(path: string, flags: RunFlags, terminal: Terminal): Promise<void> {
  const { steps, outputs } = await readGraph(path);
  const { options: running, writeSummary } = runningOf(flags, terminal, true);
  if (flags.onError === "settle") {
    const options = { outputs, onError: "settle", ...running } as const;
    const settled = await withClient(flags, async (client) => {
      const answer = await client.request(steps, options);
      return { ...answer, outputs: await collected(answer.outputs) };
    });
    await writeSummary();
    await writeSettled(settled, flags, terminal);
  } else {
    const answer = await withClient(flags, async (client) =>
      collected(await client.request(steps, { outputs, ...running })),
    );
    await writeSummary();
    await writeResult(answer, flags, terminal);
  }
}

/** (R1) */
async function writeSettled(
  { outputs, steps }: SettledAnswer<unknown>,
  flags: RunFlags,
  terminal: Terminal,
): Promise<void> {
  const told = Object.entries(steps).map(([name, outcome]) => [name, plainOutcome(outcome)] as const);
  await writeResult({ outputs, steps: new Map(told) }, flags, terminal);
  for (const outcome of Object.values(steps)) if (outcome.status === "failed") throw outcome.error;
}

function plainOutcome(outcome: StepOutcome): unknown {
  return outcome.status === "failed" ? { ...outcome, error: plainError(outcome.error) } : outcome;
}

function plainError({ code, message, step, node, outcome }: MpregError): unknown {
  return { code, message, step, node, outcome };
}

const examples = `
A graph is an array of steps, or { "steps": [...], "outputs": ["name"] } for results of other steps:
  [
    { "name": "raw",   "fun": "ingest", "args": ["sensor-1"], "resources": ["raw-data"] },
    { "name": "clean", "fun": "clean",  "args": [{ "$ref": "raw", "path": ["rows"] }], "timeoutMs": 5000 }
  ]

Examples:
  mpreg run graph.json
  mpreg run graph.json --on-error settle --summary
  generate-graph | mpreg run - --json`;
