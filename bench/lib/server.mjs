/** Servers of others: programs that listen on a port that they were given, and that are gone when the run is over. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const readyTimeoutMs = 60_000;
const toldCharacters = 2_000;

/**
 * @typedef {{ pid: number, stop: () => Promise<void> }} Server `stop`: ends it, and resolves when it is gone
 */

/**
 * Starts a program and waits until it takes connections.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ port: number, env?: Record<string, string> }} options
 * @returns {Promise<Server>}
 */
export async function startServer(command, args, { port, env = {} }) {
  const program = spawn(isAbsolute(command) ? command : (findProgram(command) ?? command), args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let told = "";
  let ended = false;
  for (const output of [program.stdout, program.stderr]) {
    output.on("data", (chunk) => (told = (told + chunk).slice(-toldCharacters)));
  }
  const kill = () => void program.kill("SIGKILL");
  process.once("exit", kill); // a server never outlives the run
  const gone = new Promise((resolve) => {
    const end = (/** @type {string} */ how) => {
      told += how;
      ended = true;
      process.off("exit", kill);
      resolve(undefined);
    };
    program.once("exit", (code, signal) => end(`\n(${signal ?? `exit code ${code}`})`));
    program.once("error", (error) => end(error.message));
  });
  const stop = async () => {
    kill();
    await gone;
  };

  const untilMs = performance.now() + readyTimeoutMs;
  while (!(await isListening(port))) {
    if (ended || performance.now() > untilMs) {
      await stop();
      throw new Error(`${command} ended or did not listen within ${readyTimeoutMs} ms: ${told.trim()}`);
    }
    await sleep(50);
  }
  return { pid: /** @type {number} */ (program.pid), stop };
}

/**
 * Runs `work` with a folder of its own, which is removed when it ends.
 *
 * @template T
 * @param {(folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "mpreg-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * @param {string} command
 * @returns {string | undefined} its path; also where Debian puts servers, which is not on every user's PATH
 */
export function findProgram(command) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/**
 * @param {string[]} commands
 * @returns {string | undefined} which of them cannot be run here
 */
export function whyMissing(...commands) {
  const missing = commands.filter((command) => findProgram(command) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(" and ")} not installed`;
}

/** @param {number} port */
function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
