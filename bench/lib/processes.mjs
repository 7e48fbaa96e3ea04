/** What processes of the system cost, those included that they have started; Linux only. */
import { readFileSync, readdirSync } from "node:fs";

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Whether the system tells what another process costs. */
export const canSeeProcesses = process.platform === "linux";

/**
 * @param {number} pid
 * @returns {number[]} of it and of all that descend from it, as they are now
 */
export function processTree(pid) {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat === undefined ? [] : [{ pid: Number(name), parent: Number(stat[1]) }];
    });
  const tree = [pid];
  for (const each of tree) tree.push(...parents.filter(({ parent }) => parent === each).map((child) => child.pid));
  return tree;
}

/**
 * @param {readonly number[]} pids
 * @returns {number} seconds of the CPU that they have used since they began
 */
export function cpuSeconds(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const stat = statOf(pid);
    if (stat === undefined) throw new Error(`Process ${pid} has ended`);
    ticks += Number(stat[11]) + Number(stat[12]); // utime and stime, of all its threads
  }
  return ticks / ticksPerSecond;
}

/**
 * @param {number} pid
 * @returns {string[] | undefined} the fields after the name, which may have spaces and brackets in it; undefined if it has ended
 */
function statOf(pid) {
  try {
    return readStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}

/** @param {string} text of /proc/PID/stat */
export function readStat(text) {
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
