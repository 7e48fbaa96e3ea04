/** Memory of processes, in bytes. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Resident memory of any process, as the system counts it.
 *
 * @param {number} pid
 * @returns {number} bytes
 */
export function residentBytes(pid) {
  if (process.platform !== "linux") return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) * 1024;
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match === null) throw new Error(`Process ${pid} has no resident memory: it has ended`);
  return Number(match[1]) * 1024;
}

/** Memory of this process after a full collection; the process must run with `--expose-gc`. */
export function sampleMemory() {
  // Twice: the first collection lets finalizers run, the second takes what they let go.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}
