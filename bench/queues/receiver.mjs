/** The receiver, which acknowledges every message by itself: a child module. */
import { Histogram } from "../lib/histogram.mjs";
import { monotonicMs, monotonicUs } from "../lib/monotonic.mjs";
import { Received } from "./message.mjs";

const lookEveryMs = 10;

const received = new Received();
let wanted = 0;
let came = 0;
let lastMs = 0;
/** Only where times are asked for, and not of the first ones. @type {Histogram | undefined} */
let times;
let untimed = 0;

/** @param {{ driver: string, address: any, durable: boolean, concurrency: number }} job */
export async function open({ driver, address, durable, concurrency }) {
  const { openReceiver } = await import(driver);
  const onMessage = (/** @type {import("./message.mjs").Order} */ order) => {
    if (!received.take(order)) return;
    if (++came === wanted) lastMs = monotonicMs();
    if (times !== undefined && came > untimed) times.add(Math.max(0, monotonicUs() - order.sentUs));
  };
  await openReceiver({ address, durable, concurrency, onMessage });
}

/**
 * @param {object} job
 * @param {number} job.messages so many that will be sent
 * @param {number} [job.untimed] so many of them before times count; without it none counts
 */
export function expect({ messages, untimed: first }) {
  came = 0;
  wanted = messages;
  untimed = first ?? 0;
  times = first === undefined ? undefined : new Histogram();
}

/**
 * Waits for what is expected, or until nothing has come for so long that the rest is lost.
 *
 * @param {{ quietMs: number }} job
 * @returns {Promise<{ messages: number, lastMs: number, p50Ms: number, p99Ms: number }>} `lastMs`: when the last one came; times
 *   are NaN where none counts
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
      const isComplete = came >= wanted;
      if (!isComplete && monotonicMs() - seenMs < quietMs) return;
      clearInterval(timer);
      const percentile = (/** @type {number} */ fraction) =>
        times === undefined || times.count === 0 ? Number.NaN : times.percentileMs(fraction);
      const last = isComplete ? lastMs : seenMs;
      resolve({ messages: came, lastMs: last, p50Ms: percentile(0.5), p99Ms: percentile(0.99) });
    }, lookEveryMs);
  });
}

/** @returns {{ messages: number, repeated: number }} since it was opened */
export function totals() {
  const { messages, repeated } = received;
  return { messages, repeated };
}
