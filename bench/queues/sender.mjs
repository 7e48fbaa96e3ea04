/** The sender: a child module. */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs, monotonicUs } from "../lib/monotonic.mjs";
import { makeOrder } from "./message.mjs";

/** @typedef {(order: import("./message.mjs").Order) => Promise<unknown>} Send resolves when the queue has confirmed that it has the message */

/** @type {Send} */
let send;
let sent = 0;

/** @param {{ driver: string, address: any, durable: boolean }} job */
export async function open({ driver, address, durable }) {
  const { openSender } = await import(driver);
  send = await openSender({ address, durable });
}

/**
 * Sends as fast as is confirmed, `inFlight` at a time.
 *
 * @param {{ messages: number, inFlight: number }} job
 * @returns {Promise<{ startedMs: number }>}
 */
export async function sendBlock({ messages, inFlight }) {
  const startedMs = monotonicMs();
  const end = sent + messages;
  await Promise.all(
    Array.from({ length: Math.min(inFlight, messages) }, async () => {
      while (sent < end) await send(makeOrder(sent++, 0));
    }),
  );
  return { startedMs };
}

/** One after the other, each with the time at which it was handed to the client. @param {{ messages: number }} job */
export async function sendSingly({ messages }) {
  for (let index = 0; index < messages; index++) {
    await send(makeOrder(sent++, monotonicUs()));
    await sleep(1); // what is acknowledged meanwhile is not in the way of the next
  }
}

/**
 * Open load: messages are due at even times, whether those before have been confirmed or not. The timer runs once in a millisecond:
 * what was due meanwhile goes out together.
 *
 * @param {{ messages: number, perSecond: number }} job
 */
export async function sendAt({ messages, perSecond }) {
  const startedUs = monotonicUs();
  const gapUs = 1e6 / perSecond;
  /** @type {Promise<unknown>[]} */
  const confirmed = [];
  for (let index = 0; index < messages;) {
    const due = Math.min(messages, Math.floor((monotonicUs() - startedUs) / gapUs) + 1);
    for (; index < due; index++) confirmed.push(send(makeOrder(sent++, startedUs + index * gapUs)));
    await sleep(1);
  }
  await Promise.all(confirmed);
}
