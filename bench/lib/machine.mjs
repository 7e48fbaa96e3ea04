/** Facts about where and from what a figure comes. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { cpus, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const workspace = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @typedef {{ cpu: string, cores: number, memoryGb: number, system: string, node: string, hasBufferutil?: boolean }} Machine
 *   `hasBufferutil`: frames of WebSockets are masked by it, an optional dependency, and not in JavaScript
 * @returns {Machine}
 */
export function describeMachine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    hasBufferutil: hasBufferutil(),
  };
}

function hasBufferutil() {
  try {
    createRequire(new URL("../../packages/client/package.json", import.meta.url)).resolve("bufferutil");
    return true;
  } catch {
    return false; // an optional dependency: it is not everywhere
  }
}

/**
 * @param {{ date: string, commit: string, machine: Machine }} result
 * @returns {string[]} lines of a list: when, what and where
 */
export function renderOrigin({ date, commit, machine }) {
  return [
    `- measured ${date.slice(0, 10)}, commit ${commit}`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}`,
    ...(machine.hasBufferutil === false
      ? ["- `bufferutil`, an optional dependency, is not installed: frames of WebSockets are masked in JavaScript"]
      : []),
  ];
}

/** @returns {string} the commit that was measured, marked when the tree had changes beside the benchmarks' own results */
export function describeCommit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync("git", args, { cwd: workspace, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const commit = git("rev-parse", "HEAD");
    const changes = git("status", "--porcelain", "--", ".", ":(exclude)docs/benchmarks");
    return changes === "" ? commit : `${commit} with changes`;
  } catch {
    return "unknown";
  }
}

/**
 * How busy others keep the machine; to be asked while nothing of ours runs.
 *
 * @returns {Promise<number>} from 0 to 1
 */
export async function measureOtherLoad() {
  const before = cpuTimes();
  await sleep(500);
  const after = cpuTimes();
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}

function cpuTimes() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.map(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq)),
  };
}
