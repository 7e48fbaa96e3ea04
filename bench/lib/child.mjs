/**
 * Child processes: a module hosted in a process of its own, whose exported functions the parent calls.
 *
 * Every server and every load generator runs in one, so that contestants share neither a heap nor compiled code, and
 * nothing of a contestant is left when its turn is over. The other end is `child-main.mjs`.
 *
 * (C1) A call ends: with the function's result, its error, the death of the process, or after `callTimeoutMs`.
 * (C2) `close` resolves when the process is gone.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { profileFolderVariable } from "./profile.mjs";

const callTimeoutMsDefault = 120_000;
const mainPath = fileURLToPath(new URL("child-main.mjs", import.meta.url));

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {(name: string, argument?: unknown, callTimeoutMs?: number) => Promise<any>} call calls an exported
 *   function of the module; argument and result are structured clones
 * @property {() => Promise<void>} close ends the process
 */

/**
 * @param {URL | string} moduleUrl file URL of the module to host
 * @param {{ nodeFlags?: string[] }} [options]
 * @returns {Child}
 */
export function openChild(moduleUrl, { nodeFlags = [] } = {}) {
  const process_ = fork(mainPath, [String(moduleUrl)], {
    execArgv: nodeFlags,
    serialization: "advanced",
    env: { ...process.env, NODE_ENV: "production" },
  });
  /** @type {Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>} */
  const pending = new Map();
  let nextId = 0;
  let ended = false;

  process_.on("message", (/** @type {any} */ message) => {
    const waiter = pending.get(message.id);
    if (waiter === undefined) return;
    pending.delete(message.id);
    if (message.kind === "result") waiter.resolve(message.value);
    else waiter.reject(new Error(message.error));
  });
  const gone = new Promise((resolve) => {
    const end = (/** @type {string} */ how) => {
      ended = true;
      for (const waiter of pending.values()) waiter.reject(new Error(`The process of ${moduleUrl} ended: ${how}`));
      pending.clear();
      resolve(undefined);
    };
    process_.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    process_.once("error", (error) => end(error.message));
  });

  /** @type {Child["call"]} */
  const call = (name, argument, callTimeoutMs = callTimeoutMsDefault) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(new Error(`The process of ${moduleUrl} has ended`));
      const id = ++nextId;
      const timer = setTimeout(() => {
        pending.delete(id);
        reject(new Error(`${name} of ${moduleUrl} did not answer within ${callTimeoutMs} ms`));
      }, callTimeoutMs);
      const settle = (/** @type {(value: any) => void} */ deliver) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        deliver(value);
      };
      pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
      process_.send({ id, name, argument });
    });

  return {
    pid: process_.pid ?? 0,
    call,
    close: async () => {
      if (!ended && profileFolderVariable in process.env) console.log(`profile: ${await call("writeProfile")}`);
      // SIGKILL, because a contestant's own goodbye is not what is measured and may take seconds.
      if (!ended) process_.kill("SIGKILL");
      await gone;
    },
  };
}

/**
 * Runs `work` with an `open` whose processes are all gone when it ends, however it ends.
 *
 * @template T
 * @param {(open: typeof openChild) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withChildren(work) {
  /** @type {Child[]} */
  const children = [];
  try {
    return await work((moduleUrl, options) => {
      const child = openChild(moduleUrl, options);
      children.push(child);
      return child;
    });
  } finally {
    await Promise.all(children.map((child) => child.close()));
  }
}
