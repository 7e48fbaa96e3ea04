/**
 * `npm run bench`: measures in one run what the suites hold, each of which writes a report to docs/benchmarks.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { profileFolderVariable } from "./lib/profile.mjs";
import { writeSoak } from "./lib/result-files.mjs";
import { isGrowing, runSoak } from "./soak.mjs";
import { calls } from "./suites/calls.mjs";
import { membership } from "./suites/membership.mjs";
import { pubsub } from "./suites/pubsub.mjs";
import { queues } from "./suites/queues.mjs";
import { rpc } from "./suites/rpc.mjs";
import { topics } from "./suites/topics.mjs";

const suites = [rpc, membership, calls, topics, pubsub, queues];
const items = suites.flatMap((suite) => suite.items.map((item) => ({ ...item, suite: suite.name })));
const groups = [...new Set(items.flatMap(({ suite, family }) => [suite, family]))];

const usage = `Usage: npm run bench -- [options]

  --only a,b      measure only these, by name, family or suite; writes nothing unless that is a whole suite
  --rounds N      interleaved rounds of the suites rpc, pubsub and queues (default 5)
  --quick         as little as shows that everything runs; prints, writes nothing
  --soak          only the soak: full load, fails when memory grows
  --minutes N     how long the soak takes (default 10)
  --profile DIR   write CPU profiles of all processes; prints, writes no figures
  --write         write docs/benchmarks even for a part of a suite or a quick run
  --list          what can be measured

Names: ${items.map(({ name }) => name).join(", ")}
Families and suites: ${groups.join(", ")}`;

/** More than that, and figures of this run are not to be trusted: a busy core raises latencies, and with them batches. */
const otherLoadTolerated = 0.1;

const print = (/** @type {string} */ line) => console.log(line);

/**
 * @param {string} only comma-separated names, families and suites
 * @returns {string[]} names
 */
function select(only) {
  const wanted = only.split(",").map((part) => part.trim());
  const unknown = wanted.filter((part) => !groups.includes(part) && !items.some(({ name }) => name === part));
  if (unknown.length > 0) throw new UsageError(`Nothing that is measured is called "${unknown.join('", "')}"`);
  return items
    .filter(({ name, family, suite }) => [name, family, suite].some((each) => wanted.includes(each)))
    .map(({ name }) => name);
}

class UsageError extends Error {}

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = readOptions();
  if (values.help || values.list) {
    print(values.help ? usage : items.map(({ name, title }) => `${name.padEnd(18)} ${title}`).join("\n"));
    return 0;
  }
  if (values.profile !== undefined) process.env[profileFolderVariable] = resolve(values.profile);
  if (values.soak) return soak(positive("minutes", values.minutes));

  const rounds = positive("rounds", values.rounds);
  const { quick, write } = values;
  const only = values.only === undefined ? undefined : select(values.only);
  let exitCode = 0;
  for (const suite of suites) {
    const names = suite.items.map(({ name }) => name).filter((name) => only?.includes(name) ?? true);
    if (names.length === 0) continue;
    const isWhole = names.length === suite.items.length && !quick && values.profile === undefined;
    const outcome = await suite.run({ names, quick, rounds, write: isWhole || write, print });
    print(`${suite.name}: ${outcome.missed} of ${outcome.targets} targets missed`);
    if (outcome.otherLoad > otherLoadTolerated) {
      print(
        `Other programs used ${Math.round(outcome.otherLoad * 100)} % of the machine: run it again when they are quiet`,
      );
    }
    if (outcome.failed) exitCode = 1;
  }
  return exitCode;
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

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1)); // so that what ends at exit ends
try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
