/** Nodes as users run them, `mpreg start`, each on a port of its own to which it comes back when it is started again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../lib/free-port.mjs";
import { startProgram } from "../lib/program.mjs";
import { commandPath } from "./build.mjs";

/**
 * @typedef {object} StartedNode
 * @property {string} name
 * @property {string} url
 * @property {() => Promise<void>} start until it is ready
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {() => Promise<void>} gone when its process has ended
 */

/**
 * Runs `work` with nodes that have started and are gone when it ends.
 *
 * @template T
 * @param {{ nodes: number, moduleUrl: URL }} wanted
 * @param {(nodes: readonly StartedNode[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withStartedNodes({ nodes: count, moduleUrl }, work) {
  const folder = await mkdtemp(join(tmpdir(), "mpreg-bench-"));
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const urls = ports.map((port) => `ws://127.0.0.1:${port}`);
  const nodes = urls.map((url, index) => startedNode(`n${index}`, folder, { url, urls, moduleUrl }));
  try {
    await Promise.all(nodes.map(({ start }) => start()));
    return await work(nodes);
  } finally {
    for (const { signal } of nodes) signal("SIGKILL");
    await Promise.all(nodes.map(({ gone }) => gone()));
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {{ url: string, urls: readonly string[], moduleUrl: URL }} place
 * @returns {StartedNode}
 */
function startedNode(name, folder, { url, urls, moduleUrl }) {
  const args = [commandPath, "start", "--json", "--no-mdns", "--log", "fatal", "--name", name];
  args.push("--port", new URL(url).port, "--data-dir", join(folder, name), "--module", fileURLToPath(moduleUrl));
  for (const peer of urls) if (peer !== url) args.push("--peers", peer);
  /** @type {import("../lib/program.mjs").Program | undefined} */
  let program;
  return {
    name,
    url,
    start: async () => {
      program = await startProgram(args);
    },
    signal: (signal) => program?.kill(signal),
    gone: async () => program?.gone,
  };
}
