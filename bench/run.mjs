/**
 * `npm run bench`: measures ours, the bare limits and the peers in one run, and writes docs/benchmarks/rpc.{md,json}.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { contestants } from "./contestants/index.mjs";
import { describeCommit, describeMachine } from "./lib/machine.mjs";
import { profileFolderVariable } from "./lib/profile.mjs";
import { readSoak, writeResult, writeSoak } from "./lib/result-files.mjs";
import { renderReport } from "./lib/report.mjs";
import { runRounds } from "./lib/rounds.mjs";
import { judge } from "./lib/targets.mjs";
import { isGrowing, runSoak } from "./soak.mjs";

const usage = `Usage: npm run bench -- [options]

  --only a,b      measure these contestants or families only; prints, writes nothing
  --rounds N      interleaved rounds (default 5)
  --quick         one short round, to see that everything runs; prints, writes nothing
  --soak          only the soak: full load, fails when memory grows
  --minutes N     how long the soak takes (default 10)
  --profile DIR   write CPU profiles of all processes; prints, writes no figures
  --write         write docs/benchmarks even for a part of the contestants or a quick run
  --list          names of the contestants

Contestants: ${contestants.map(({ name }) => name).join(", ")}
Families: bare, peer, mpreg`;

/** @type {import("./lib/load.mjs").Budget} */
const fullBudget = { warmUpMs: 1000, sequentialCalls: 4000, loadMs: 1500, settleMs: 2000 };
/** @type {import("./lib/load.mjs").Budget} */
const quickBudget = { warmUpMs: 300, sequentialCalls: 1000, loadMs: 500, settleMs: 500 };

/** More than that, and figures of this run are not to be trusted: a busy core raises latencies, and with them batches. */
const otherLoadTolerated = 0.1;

const print = (/** @type {string} */ line) => console.log(line);

/**
 * @param {string} only comma-separated names and families
 */
function select(only) {
  const wanted = only.split(",").map((part) => part.trim());
  const unknown = wanted.filter((part) => !contestants.some(({ name, family }) => name === part || family === part));
  if (unknown.length > 0) throw new UsageError(`No contestant or family is called "${unknown.join('", "')}"`);
  return contestants.filter(({ name, family }) => wanted.includes(name) || wanted.includes(family));
}

class UsageError extends Error {}

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = readOptions();
  if (values.help || values.list) {
    print(values.help ? usage : contestants.map(({ name, title }) => `${name.padEnd(18)} ${title}`).join("\n"));
    return 0;
  }
  if (values.profile !== undefined) process.env[profileFolderVariable] = resolve(values.profile);
  if (values.soak) return soak(positive("minutes", values.minutes));

  const rounds = values.quick ? 1 : positive("rounds", values.rounds);
  const budget = values.quick ? quickBudget : fullBudget;
  const selected = values.only === undefined ? contestants : select(values.only);
  const { outcomes, otherLoad } = await runRounds(selected, { rounds, budget, onProgress: print });
  /** @type {import("./lib/report.mjs").Result} */
  const result = {
    commit: describeCommit(),
    date: new Date().toISOString(),
    machine: describeMachine(),
    options: { rounds, budget, otherLoad },
    targets: judge(outcomes),
    contestants: Object.fromEntries(
      selected.map(({ name, title, family, group }) => [name, { title, family, group, ...outcomes[name] }]),
    ),
  };
  print(`\n${renderReport(result, await readSoak())}`);
  const isWhole = values.only === undefined && !values.quick && values.profile === undefined;
  if (isWhole || values.write) await writeResult(result);
  const missed = result.targets.filter(({ reached }) => reached === false);
  print(`${missed.length} of ${result.targets.length} targets missed`);
  if (otherLoad > otherLoadTolerated) {
    print(`Other programs used ${Math.round(otherLoad * 100)} % of the machine: run it again when they are quiet`);
  }
  return Object.values(outcomes).some(({ kind }) => kind === "failed") ? 1 : 0;
}

/** @param {number} minutes */
async function soak(minutes) {
  const result = await runSoak(minutes, print);
  await writeSoak(result);
  print(JSON.stringify({ operations: result.operations, processes: result.processes }, undefined, 2));
  return isGrowing(result) ? 1 : 0;
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: "string" },
        rounds: { type: "string", default: "5" },
        quick: { type: "boolean", default: false },
        soak: { type: "boolean", default: false },
        minutes: { type: "string", default: "10" },
        profile: { type: "string" },
        write: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} option
 * @param {string} text
 */
function positive(option, text) {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${option} must be a positive number, not "${text}"`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
