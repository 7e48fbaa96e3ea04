/** Programs: Node processes that say on stdout, in one line of JSON, that they are ready. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const readyTimeoutMs = 15_000;

/**
 * @typedef {object} Program
 * @property {number} pid
 * @property {any} ready what its line said
 * @property {(signal?: NodeJS.Signals) => void} kill SIGKILL, unless another signal is named
 * @property {Promise<void>} gone
 */

/**
 * Starts a Node program and waits for its line.
 *
 * @param {string[]} args of node
 * @returns {Promise<Program>}
 */
export async function startProgram(args) {
  const program = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const kill = (/** @type {NodeJS.Signals} */ signal = "SIGKILL") => void program.kill(signal);
  /** @type {Promise<void>} */
  const gone = new Promise((resolve) => program.once("exit", () => resolve()));
  const onExit = () => kill();
  process.once("exit", onExit); // a program never outlives the run
  void gone.then(() => process.off("exit", onExit));
  const timer = setTimeout(kill, readyTimeoutMs);
  for await (const line of createInterface({ input: program.stdout })) {
    clearTimeout(timer);
    return { pid: /** @type {number} */ (program.pid), ready: JSON.parse(line), kill, gone };
  }
  clearTimeout(timer);
  throw new Error(`${args.join(" ")} ended or was silent for ${readyTimeoutMs} ms before it was ready`);
}
