/** Memory of processes, in bytes. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * Resident memory of any process, as the system counts it.
 *
 * @param {number} pid
 * @returns {number} bytes
 */
export function residentBytes(pid) {
  if (process.platform !== "linux") return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) * 1024;
  return statusBytes(pid, "VmRSS");
}

/**
 * The most resident memory that a process has had since it began, or since {@link resetResidentBytesMost}; Linux only.
 *
 * @param {number} pid
 * @returns {number} bytes
 */
export function residentBytesMost(pid) {
  return statusBytes(pid, "VmHWM");
}

/**
 * Resident memory of a process without the pages of files that it has mapped, which are the system's to take back; elsewhere than on Linux with them.
 *
 * @param {number} pid
 * @returns {number} bytes
 */
export function anonymousBytes(pid) {
  return process.platform === "linux" ? statusBytes(pid, "RssAnon") : residentBytes(pid);
}

/** @param {number} pid */
export function resetResidentBytesMost(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/**
 * @param {number} pid
 * @param {"VmRSS" | "VmHWM" | "RssAnon"} field
 */
function statusBytes(pid, field) {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
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
