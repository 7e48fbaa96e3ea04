/**
 * One node of a mesh under measurement: a child module.
 *
 * What happens is stamped here, by the clock that all processes share; nobody asks the node how it is while it is timed.
 */
import { subscribe } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "../lib/monotonic.mjs";
import { importMpreg } from "./build.mjs";

/** @type {Set<import("node:net").Socket>} */
const sockets = new Set();
let closedSocketsBytes = 0;
for (const channel of ["net.client.socket", "net.server.socket"]) {
  subscribe(channel, (/** @type {any} */ { socket }) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      closedSocketsBytes += socket.bytesWritten;
    });
  });
}

/** What a function takes that is no echo: long enough that some are always under way. */
const workMs = 20;

/** @type {any} */
let node;
/** @type {{ atMs: number, name: string }[]} */
const losses = [];

/**
 * @param {{ name: string, peers: string[], profile: string, functions: string[] }} wanted the functions answer their
 *   argument, after `workMs`
 * @returns {Promise<{ url: string, startedMs: number }>}
 */
export async function open({ name, peers, profile, functions }) {
  const { createNode } = await importMpreg();
  node = await createNode({ name, port: 0, peers, profile, log: "error" });
  for (const fun of functions) {
    node.register(fun, async (/** @type {unknown} */ value) => {
      await sleep(workMs);
      return value;
    });
  }
  void watchLosses();
  return { url: node.url, startedMs: monotonicMs() };
}

async function watchLosses() {
  for await (const event of node.status()) {
    if (event.kind === "node-lost") losses.push({ atMs: monotonicMs(), name: event.name });
  }
}

/** @returns {{ atMs: number, name: string }[]} whom it took for down, and when, since it was asked last */
export function takeLosses() {
  return losses.splice(0);
}

/**
 * @param {number} count
 * @returns {Promise<number>} when it believed for the first time that so many nodes are alive, itself included
 */
export async function awaitNodes(count) {
  const hasAll = () =>
    node.nodes().filter((/** @type {{ state: string }} */ { state }) => state === "self" || state === "alive")
      .length === count;
  const events = node.status();
  while (!hasAll()) await events.next();
  const atMs = monotonicMs();
  await events.return();
  return atMs;
}

/**
 * What the process uses while nobody asks it for anything.
 *
 * @param {number} durationMs
 * @returns {Promise<{ cpuShare: number, bytesPerSecond: number, sockets: number }>} share of one core; bytes that TCP took
 */
export async function measureIdle(durationMs) {
  const bytes = () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, closedSocketsBytes);
  const bytesBefore = bytes();
  const cpuBefore = process.cpuUsage();
  const startedMs = monotonicMs();
  await sleep(durationMs);
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (monotonicMs() - startedMs) / 1_000;
  return {
    cpuShare: (user + system) / 1e6 / seconds,
    bytesPerSecond: (bytes() - bytesBefore) / seconds,
    sockets: sockets.size,
  };
}

/**
 * @param {string} fun
 * @returns {number} when it began
 */
export function register(fun) {
  const startedMs = monotonicMs();
  node.register(fun, (/** @type {unknown} */ value) => value);
  return startedMs;
}

/** @param {string} fun */
export function unregister(fun) {
  node.unregister(fun);
}

/**
 * Calls until somebody answers. A call that nobody can answer is tried again after a ms, so that whoever waits leaves the
 * cores to those that work.
 *
 * @param {string} fun
 * @returns {Promise<number>} when the first answer came
 */
export async function callUntilAnswered(fun) {
  for (;;) {
    try {
      await node.call(fun, [1]);
      return monotonicMs();
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code !== "no-provider") throw error;
      await sleep(1);
    }
  }
}

/**
 * @typedef {object} LoadOutcome
 * @property {number} answered
 * @property {number} slowestMs of those that were answered
 * @property {{ atMs: number, code: string }[]} failures when the caller was told, and what
 */

/** @type {LoadOutcome} */
const outcome = { answered: 0, slowestMs: 0, failures: [] };
/** @type {Set<Promise<void>>} */
const calls = new Set();
/** @type {NodeJS.Timeout | undefined} */
let loadTimer;

/**
 * Calls at a fixed rate, whether the calls before have ended or not.
 *
 * @param {{ fun: string, everyMs: number, timeoutMs: number }} job
 */
export function startLoad({ fun, everyMs, timeoutMs }) {
  const callOnce = async () => {
    const startedMs = monotonicMs();
    try {
      await node.call(fun, [1], { timeoutMs });
      outcome.answered++;
      outcome.slowestMs = Math.max(outcome.slowestMs, monotonicMs() - startedMs);
    } catch (error) {
      const { code = String(error) } = /** @type {{ code?: string }} */ (error);
      outcome.failures.push({ atMs: monotonicMs(), code });
    }
  };
  loadTimer = setInterval(() => {
    const call = callOnce().finally(() => calls.delete(call));
    calls.add(call);
  }, everyMs);
}

/** @returns {Promise<LoadOutcome>} of all calls, once the last of them has ended */
export async function stopLoad() {
  clearInterval(loadTimer);
  await Promise.all(calls);
  return outcome;
}
