/** Clients of the timelines, each of them told of all nodes: they ask at a steady rate, whatever happens. A child module. */
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../lib/eventually.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { importMpreg } from "./build.mjs";

const timeoutMs = 20_000;

/** @type {any[]} */
let clients = [];

/** @param {{ urls: readonly string[] }} where as many clients as nodes, each at another one */
export async function open({ urls }) {
  const { connect } = await importMpreg();
  const turned = urls.map((_, index) => [...urls.slice(index), ...urls.slice(0, index)]);
  clients = await Promise.all(turned.map((each) => connect(each)));
}

/**
 * Waits until every client's node knows that so many nodes offer the functions.
 *
 * @param {number} nodes
 */
export async function awaitOffers(nodes) {
  for (const client of clients) {
    await eventually(async () => {
      const functions = await client.functions({ timeoutMs: 5_000 });
      const offers = ["work", "once"].map(
        (fun) => functions.find((/** @type {{ name: string }} */ { name }) => name === fun)?.offers.length,
      );
      if (offers.some((count) => count !== nodes)) throw new Error(`Of ${nodes} nodes ${offers} offer the functions`);
    }, 30_000);
  }
}

/** What is asked, by turns. */
const kinds = {
  idempotent: (/** @type {any} */ client, /** @type {number} */ number) => client.call("work", [number], { timeoutMs }),
  graph: (/** @type {any} */ client, /** @type {number} */ number) => {
    const graph = client.graph();
    return graph.run(graph.call("work", [graph.call("work", [number])]), { timeoutMs });
  },
  once: (/** @type {any} */ client, /** @type {number} */ number) => client.call("once", [number], { timeoutMs }),
};

/**
 * @typedef {{ kind: keyof typeof kinds, atMs: number, tookMs: number, code: string | null }} Call `atMs` by the clock that
 *   processes share; `code` of its failure
 */

/** @type {Call[]} */
const ended = [];
/** @type {Set<Promise<void>>} */
const underWay = new Set();
let isOver = false;
/** @type {Promise<void> | undefined} */
let driving;

/** @param {{ callsPerSecond: number }} job */
export function startLoad({ callsPerSecond }) {
  driving = drive(1_000 / callsPerSecond);
}

/** @param {number} everyMs */
async function drive(everyMs) {
  const names = /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds));
  let number = 0;
  for (let dueMs = monotonicMs(); !isOver; await sleep(1)) {
    for (; dueMs <= monotonicMs(); dueMs += everyMs, number++) {
      // each client asks for each kind
      const kind = names[Math.floor(number / clients.length) % names.length];
      const call = callOnce(kind, clients[number % clients.length], number, dueMs).finally(() => underWay.delete(call));
      underWay.add(call);
    }
  }
}

/**
 * @param {keyof typeof kinds} kind
 * @param {any} client
 * @param {number} number
 * @param {number} dueMs
 */
async function callOnce(kind, client, number, dueMs) {
  /** @type {string | null} */
  let code = null;
  try {
    const answer = await kinds[kind](client, number);
    if (answer !== number) code = "wrong-answer";
  } catch (error) {
    code = /** @type {{ code?: string }} */ (error).code ?? String(error);
  }
  ended.push({ kind, atMs: dueMs, tookMs: monotonicMs() - dueMs, code });
}

/** @returns {Promise<Call[]>} all of them, once the last has ended */
export async function stopLoad() {
  isOver = true;
  await driving;
  await Promise.all(underWay);
  return ended;
}
