/**
 * `mpreg lab`: what can be typed. What then happens is `lab/`.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { usageError } from "../failure.js";
import { parseDurationMs } from "../input/options.js";
import { Stopped, stopRequested } from "../start/stop.js";
import type { Terminal } from "../terminal.js";

interface LabFlags {
  readonly nodes: number;
  readonly profile: string;
  /** In ms. */
  readonly killEvery?: number;
  readonly partition?: readonly number[];
}

/** Each has a link to each, by way of the lab: beyond, the lab would be what is looked at. */
const nodesMax = 32;

export function defineLab(program: Command, terminal: Terminal): void {
  program
    .command("lab")
    .description("Run a cluster of real processes on this machine, watch it, and kill, freeze and cut off its nodes.")
    .option("--nodes <count>", `how many, 2 to ${nodesMax}`, parseNodes, 5)
    .option(
      "--kill-every <duration>",
      "kill -9 one at random, again and again, and start the one before anew",
      parseDurationMs,
    )
    .option("--partition <sizes>", "once all have met, cut them into groups of these sizes: 3,2", parseSizes)
    .addOption(
      new Option("--profile <network>", "how fast silent nodes are noticed")
        .choices(["local", "lan", "wan"])
        .default("local"),
    )
    .addHelpText("after", help)
    .action((flags: LabFlags) => lab(flags, terminal));
}

async function lab({ nodes, profile, killEvery, partition }: LabFlags, { stdout }: Terminal): Promise<void> {
  if (partition !== undefined && partition.reduce((sum, size) => sum + size, 0) > nodes) {
    throw usageError(`--partition ${partition.join(",")} takes more than the ${nodes} nodes there are`);
  }
  const stop = stopRequested();
  const [{ Lab }, { readKeys }, { openScreen }] = await Promise.all([
    import("../lab/lab.js"),
    import("../lab/keys.js"),
    import("../lab/screen.js"),
  ]);
  const screen = openScreen(stdout, () => process.stdout.rows);
  const running = await Lab.start({ nodes, profile, killEveryMs: killEvery, partition }, screen);
  let stopReading = (): void => undefined;
  const quit = new Promise<void>((resolve) => {
    stopReading = readKeys((key) => {
      if (key.kind === "quit") resolve();
      else running.act(key);
    });
  });
  try {
    await Promise.race([quit, stop, running.watch()]);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    stopReading();
    screen.close();
    await running.close();
  }
}

function parseNodes(given: string): number {
  const count = /^\d+$/.test(given) ? Number(given) : NaN;
  if (count >= 2 && count <= nodesMax) return count;
  throw new InvalidArgumentError(`It is a number from 2 to ${nodesMax}.`);
}

function parseSizes(given: string): readonly number[] {
  const sizes = given.split(",").map((size) => (/^\d+$/.test(size.trim()) ? Number(size) : NaN));
  if (sizes.every((size) => size > 0)) return sizes;
  throw new InvalidArgumentError("It is a list of numbers above 0: 3,2.");
}

const help = `
In a terminal the nodes are a table: what each sees, and what the others make of it. Keys act on the selected node (1-9; n, p
or the arrows). Elsewhere each event is a line, and the same keys are read from stdin, one character each.
  k  kill -9: its links break at once              f  SIGSTOP or SIGCONT: it is silent, its links stay
  c  cut it off from all others, or join it        h  join everybody
  r  start it again with the same key; one that runs says goodbye first
  q  quit; every process ends, also when the lab itself is killed

How a cut is made: the nodes tell nobody where they listen, and reach each other through a TCP relay in the lab alone. To cut,
it closes the connections between the sides and lets no new ones through. Clients connect to a node directly.

Every node offers where, double and nap, and has a resource of its own name:
  mpreg call where --resources node-2 --url URL

Examples:
  mpreg lab
  mpreg lab --nodes 8 --kill-every 5s
  mpreg lab --nodes 5 --partition 3,2 --profile lan`;
