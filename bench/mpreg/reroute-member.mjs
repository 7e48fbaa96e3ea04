/**
 * A node of the measurement of re-routing: it offers what takes a while, or it calls that again and again, and notes by the
 * clock that all processes share where each call was given to and what it heard of the others. A child module.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../lib/eventually.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { importMpreg } from "./build.mjs";

const holdMs = 300;
const timeoutMs = 20_000;

/** @type {any} */
let node;

/**
 * @param {{ name: string, peers: readonly string[], profile: string, offers: boolean }} wanted
 * @returns {Promise<string>} the node's URL
 */
export async function open({ name, peers, profile, offers }) {
  const { createNode } = await importMpreg();
  node = await createNode({ name, port: 0, peers, profile, log: "fatal" });
  if (offers) node.register("hold", () => sleep(holdMs), { idempotent: true });
  void noteNews();
  return node.url;
}

/**
 * Waits until this node knows that so many nodes offer the function.
 *
 * @param {number} count
 */
export function awaitOffers(count) {
  return eventually(async () => {
    const offers = node.functions().find((/** @type {any} */ { name }) => name === "hold")?.offers.length ?? 0;
    if (offers !== count) throw new Error(`${offers} of ${count} nodes offer the function`);
  }, 30_000);
}

/** What a call was given to, and when; `code` of its failure. @typedef {{ startedOn: { node: string, atMs: number }[], code: string | null }} Call */
/** @typedef {{ kind: string, name: string, atMs: number }} News */

/** @type {News[]} */
const news = [];
/** @type {Call[]} */
const calls = [];
/** @type {Set<Promise<void>>} */
const underWay = new Set();
/** @type {NodeJS.Timeout | undefined} */
let timer;

async function noteNews() {
  for await (const event of node.status()) {
    if (event.kind === "link-lost" || event.kind === "node-lost" || event.kind === "node-suspected") {
      news.push({ kind: event.kind, name: event.name, atMs: monotonicMs() });
    }
  }
}

/** @param {number} everyMs */
export function startCalls(everyMs) {
  timer = setInterval(() => {
    const call = callOnce().finally(() => underWay.delete(call));
    underWay.add(call);
  }, everyMs);
}

async function callOnce() {
  /** @type {Call} */
  const call = { startedOn: [], code: null };
  calls.push(call);
  const onEvent = (/** @type {any} */ event) => {
    if (event.kind === "started") call.startedOn.push({ node: event.node, atMs: monotonicMs() });
  };
  try {
    await node.call("hold", [], { timeoutMs, onEvent });
  } catch (error) {
    call.code = /** @type {{ code?: string }} */ (error).code ?? String(error);
  }
}

/** @returns {Promise<{ calls: Call[], news: News[] }>} of all calls, once the last of them has ended */
export async function stopCalls() {
  clearInterval(timer);
  await Promise.all(underWay);
  return { calls: calls.splice(0), news: news.splice(0) };
}
