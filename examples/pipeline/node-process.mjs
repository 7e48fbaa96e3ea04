/**
 * One node as a process of its own, from `mpreg start --json` to its end. Which nodes there are is cluster.mjs.
 *
 * (P1) A process ends by its own process id: first asked (SIGTERM), after STOP_MS_MAX made to (SIGKILL).
 * (P2) When it fails by itself, its last words on stderr are told; of one that was killed or left in order, only that it ended.
 * (P3) It ends when this program is gone, even if that was killed and could end nobody.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** In a project of your own: `npx mpreg`. */
const CLI = fileURLToPath(new URL("../../packages/mpreg/bin/mpreg.mjs", import.meta.url));
const END_WITH_PARENT = fileURLToPath(new URL("./end-with-parent.mjs", import.meta.url));

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;
const LAST_WORDS_LINES_MAX = 20;

/** Ctrl-C reaches all processes of a terminal at once: a node may end a moment before it is asked to. */
const ASKED_TO_END_WITHIN_MS = 200;

/**
 * @typedef {object} StartedNode
 * @property {string} name
 * @property {string[]} resources
 * @property {number} pid
 * @property {string} id    of the node in the cluster
 * @property {string} url   where clients and other nodes reach it
 */

/**
 * @param {{ name: string, resources: string[], module?: string }} role module: path of a file that exports register(node)
 * @param {string[]} peers urls of nodes to link to
 * @param {NodeJS.ProcessEnv} env
 */
export function launch({ name, resources, module }, peers, env) {
  const args = ["start", "--json", "--port", "0", "--name", name, "--module", END_WITH_PARENT]; // (P3)
  if (resources.length > 0) args.push("--resources", resources.join(","));
  if (peers.length > 0) args.push("--peers", peers.join(","));
  if (module !== undefined) args.push("--module", module);
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: "pipe" });

  let stopping = false;
  /** @type {string[]} */
  const lastWords = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastWords.push(line);
    if (lastWords.length > LAST_WORDS_LINES_MAX) lastWords.shift();
  });
  const story = (what) => [`The node "${name}" ${what}`, ...lastWords.map((line) => `  ${line}`)].join("\n"); // (P2)

  /** @type {Promise<{ how: string, failed: boolean }>} */
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve({ how: `could not be started: ${error.message}`, failed: true }));
    child.once("close", (code, signal) =>
      resolve({ how: `ended with ${signal ?? `exit code ${code}`}`, failed: signal === null && code !== 0 }),
    );
  });

  /** @type {Promise<StartedNode>} */
  const ready = new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(story(what)));
    const timer = setTimeout(() => fail(`was not ready after ${READY_MS_MAX / 1000} s`), READY_MS_MAX);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = readyEvent(line);
      if (event === undefined) return;
      clearTimeout(timer);
      resolve({ name, resources, pid: child.pid, id: event.id, url: event.url });
    });
    void ended.then(({ how }) => {
      clearTimeout(timer);
      fail(how);
    });
  });

  /** @type {Promise<string>} */
  const lost = new Promise((resolve) => {
    void ended.then(async ({ how, failed }) => {
      await sleep(ASKED_TO_END_WITHIN_MS, undefined, { ref: false });
      if (stopping) return;
      if (!failed) lastWords.length = 0; // (P2)
      resolve(story(`${how}; the cluster goes on with the others`));
    });
  });

  return {
    /** Rejects when the process ends before it is ready, or is not ready in time. */
    ready,
    /** What happened, when the process ends by itself; pending for ever when it was asked to end. */
    lost,
    /** At once and without waiting: for the end of this program. */
    kill: () => child.kill("SIGKILL"),
    /** Resolves when the process is gone; it may be gone already. */
    async stop() {
      stopping = true;
      child.kill("SIGTERM"); // (P1)
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** @returns {{ id: string, url: string } | undefined} undefined for any other line: modules may print, too */
function readyEvent(line) {
  try {
    const event = JSON.parse(line);
    return event?.event === "ready" ? event : undefined;
  } catch {
    return undefined;
  }
}
