/**
 * `npm run check`: everything that CI checks beside the tests. `npm run check -- lint layers` runs only those named.
 *
 * (H1) A part is silent when it has nothing to say: its output is shown when it fails.
 * (H2) Every part runs, even after one failed; the exit code is 1 if any did.
 */
import { availableParallelism } from "node:os";
import { runNode, tool } from "./run.mjs";
import { setup } from "./setup.mjs";

const onSources = {
  format: ["code is formatted", tool("prettier", "bin/prettier.cjs"), "--check", "."],
  lint: ["eslint", tool("eslint", "bin/eslint.js"), "."],
  types: ["sources, tests and type tests compile", tool("typescript", "bin/tsc"), "--noEmit", "--pretty", "false"],
  layers: [
    "imports keep the layers",
    tool("dependency-cruiser", "bin/dependency-cruise.mjs"),
    "--progress",
    "none",
    "packages",
  ],
  unused: ["no unused files, exports, dependencies", tool("knip", "bin/knip.js"), "--no-config-hints"],
  bench: ["the tests of the benchmarks", "--test", "bench/test/"],
  tidy: ["the style rules of scripts/tidy.mjs", "scripts/tidy.mjs"],
};

/** Of the suite on queues what needs no peers. */
const ourQueues = ["mpreg", "mpreg-memory", "commits", "idle", "waiting", "sqs-wire", "sqs-sdk", "sqs-canned"]
  .map((name) => `queues-${name}`)
  .join(",");

const onBuild = {
  api: ["the API reports are current", "scripts/api-report.mjs"],
  size: ["the browser bundle has no Node import and its recorded size", "scripts/size.mjs"],
  packs: ["the packages are right for npm (publint, attw)", "scripts/check-packs.mjs"],
  measured: ["what the benches measure of queues can be measured", "bench/run.mjs", "--quick", "--only", ourQueues],
  docs: ["the documentation's code runs", "scripts/docs-run.mjs"],
};

const parts = { ...onSources, ...onBuild };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(", ")}. There are: ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}

await setup({ withBuild: false });

const selected = (some) => Object.entries(some).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const failed = [];

async function runPart([name, [what, file, ...args]]) {
  const startMs = performance.now();
  const { exitCode, output } = await runNode(file, args, { capture: true });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${exitCode === 0 ? "ok    " : "FAILED"} ${name.padEnd(7)} ${seconds.padStart(5)} s  ${what}`);
  if (exitCode === 0) return; // (H1)
  failed.push(name); // (H2)
  console.log(output.trimEnd().replaceAll(/^/gm, "       "));
}

async function runParts(queue) {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runPart(next);
}

async function runAll(queue) {
  await Promise.all(Array.from({ length: availableParallelism() }, () => runParts(queue)));
}

await runAll(selected(onSources));
if (selected(onBuild).length > 0) {
  await runPart(["build", ["every package builds", "scripts/build.mjs"]]);
  await runAll(selected(onBuild));
}
console.log(failed.length === 0 ? "Everything is in order." : `Failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
