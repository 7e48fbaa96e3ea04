/** Subscribers, each with a connection and a subscription of its own, in one process: a child module. */
import { Histogram } from "../lib/histogram.mjs";
import { monotonicMs, monotonicUs } from "../lib/monotonic.mjs";
import { Received, pattern, sinceDueUs } from "./message.mjs";

const lookEveryMs = 10;

/** @type {Received[]} by subscription */
const received = [];
/** What is awaited now: so many messages of all subscriptions together. */
let wanted = 0;
let came = 0;
let lastMs = 0;
/** Only while the load is such that times mean something, and not of the first ones. @type {Histogram | undefined} */
let times;
let untimed = 0;

/** @param {{ driver: string, address: any, subscriptions: number }} job */
export async function open({ driver, address, subscriptions }) {
  const { openSubscriber } = await import(driver);
  for (let index = 0; index < subscriptions; index++) {
    const own = new Received();
    received.push(own);
    const onMessage = (/** @type {Uint8Array} */ body) => {
      if (!own.take(body)) return;
      if (++came === wanted) lastMs = monotonicMs();
      if (times !== undefined && came > untimed) times.add(sinceDueUs(body, monotonicUs()));
    };
    await openSubscriber({ address, pattern, onMessage });
  }
}

/** @returns {boolean} whether every subscription has got a probe */
export function areReached() {
  return received.every(({ isReached }) => isReached);
}

/**
 * @param {object} job
 * @param {number} job.messages so many that will be published
 * @param {number} [job.untimed] so many of them before times count; without it none counts
 */
export function expect({ messages, untimed: first }) {
  came = 0;
  wanted = messages * received.length;
  untimed = (first ?? 0) * received.length;
  times = first === undefined ? undefined : new Histogram();
}

/**
 * @typedef {{ deliveries: number, lastMs: number, p50Ms: number | null, p99Ms: number | null }} Arrived `lastMs`: when the last
 *   one came, by the clock that processes share
 */

/**
 * Waits for what is expected, or until nothing has come for so long that the rest is lost.
 *
 * @param {{ quietMs: number }} job
 * @returns {Promise<Arrived>}
 */
export function arrived({ quietMs }) {
  return new Promise((resolve) => {
    let seen = came;
    let seenMs = monotonicMs();
    const timer = setInterval(() => {
      if (came !== seen) {
        seen = came;
        seenMs = monotonicMs();
      }
      const complete = came >= wanted;
      if (!complete && monotonicMs() - seenMs < quietMs) return;
      clearInterval(timer);
      resolve({
        deliveries: came,
        lastMs: complete ? lastMs : seenMs,
        p50Ms: times !== undefined && times.count > 0 ? times.percentileMs(0.5) : null,
        p99Ms: times !== undefined && times.count > 0 ? times.percentileMs(0.99) : null,
      });
    }, lookEveryMs);
  });
}

/** @returns {{ messages: number, skipped: number, disordered: number }} of all subscriptions since they were opened */
export function totals() {
  const sum = (/** @type {"messages" | "skipped" | "disordered"} */ key) =>
    received.reduce((total, own) => total + own[key], 0);
  return { messages: sum("messages"), skipped: sum("skipped"), disordered: sum("disordered") };
}
