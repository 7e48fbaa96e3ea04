/** Memory: of an idle process, and what idle clients add to it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { withChildren } from "../lib/child.mjs";
import { residentBytes } from "../lib/memory.mjs";
import { startProgram } from "../lib/program.mjs";
import { commandPath } from "../mpreg/build.mjs";

const clientCount = 200;

/** @param {string} file */
const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));

const megabytes = (/** @type {number} */ bytes) => bytes / 1e6;

/**
 * @param {string} name
 * @param {"bare" | "mpreg"} family
 * @param {string} title
 * @param {(directory: string) => string[]} args of node, given a directory of this run's own
 * @param {string} [clientsFile] child module that opens the idle clients
 * @returns {import("./contestant.mjs").Contestant}
 */
function idle(name, family, title, args, clientsFile) {
  return {
    name,
    family,
    title,
    group: "memory",
    measure: async ({ settleMs }) => {
      const directory = await mkdtemp(join(tmpdir(), "mpreg-bench-"));
      const program = await startProgram(args(directory));
      try {
        await sleep(settleMs);
        const idleBytes = residentBytes(program.pid);
        if (clientsFile === undefined) return { idleMb: megabytes(idleBytes) };
        return await withChildren(async (open) => {
          const clients = open(new URL(`../${clientsFile}`, import.meta.url));
          await clients.call("openClients", { url: program.ready.url, count: clientCount });
          await sleep(settleMs);
          const added = residentBytes(program.pid) - idleBytes;
          return { idleMb: megabytes(idleBytes), addedBy200ClientsMb: megabytes(added) };
        });
      } finally {
        program.kill();
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

const startArgs = (/** @type {string} */ directory) => [
  commandPath,
  "start",
  "--json",
  "--port",
  "0",
  "--data-dir",
  directory,
];

/** @type {import("./contestant.mjs").Contestant[]} */
export const memory = [
  idle("idle-node", "bare", "an empty Node process", () => [path("peers/idle-node.mjs")]),
  idle("idle-ws", "bare", "a bare ws server", () => [path("peers/idle-ws.mjs")], "peers/idle-ws-clients.mjs"),
  idle("mpreg-start", "mpreg", "`mpreg start`", startArgs, "mpreg/idle-clients.mjs"),
  idle(
    "mpreg-embedded",
    "mpreg",
    "a program with `createNode()`",
    () => [path("mpreg/idle-node.mjs")],
    "mpreg/idle-clients.mjs",
  ),
];
