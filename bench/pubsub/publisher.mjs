/** The publisher: a child module. */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs, monotonicUs } from "../lib/monotonic.mjs";
import { makeBody, probe, topics } from "./message.mjs";

/** So many are published before it looks whether those of the batch before have been taken. */
const batchMessages = 1_000;
const publisherNumber = 0;

/**
 * @typedef {object} Publisher what a driver opens
 * @property {(topic: number, body: Buffer) => void} publish to the topic with that number, of those it was opened with
 * @property {() => Promise<unknown>} taken when all that was published until now has been taken by the broker; where the protocol
 *   does not tell, by the socket
 */

/** @type {Publisher} */
let publisher;
let published = 0;

/** @param {{ driver: string, address: any }} job */
export async function open({ driver, address }) {
  const { openPublisher } = await import(driver);
  publisher = await openPublisher({ address, topics });
}

/** Publishes what is not counted. */
export async function publishProbe() {
  publisher.publish(0, makeBody(probe, 0, 0));
  await publisher.taken();
}

/** @param {number} dueUs */
function publishOne(dueUs) {
  publisher.publish(published % topics.length, makeBody(publisherNumber, published++, dueUs));
}

/**
 * Publishes as fast as the broker takes it, with up to two batches on the way.
 *
 * @param {{ messages: number }} job
 * @returns {Promise<{ startedMs: number, takenMs: number }>}
 */
export async function publishBlock({ messages }) {
  const startedMs = monotonicMs();
  /** @type {Promise<unknown>} */
  let before = Promise.resolve();
  for (let sent = 0; sent < messages; sent += batchMessages) {
    const batch = Math.min(batchMessages, messages - sent);
    for (let index = 0; index < batch; index++) publishOne(0);
    const taken = publisher.taken();
    await before;
    before = taken;
  }
  await before;
  return { startedMs, takenMs: monotonicMs() };
}

/**
 * Open load: messages are due at even times, whether those before have arrived or not, and their time counts from then. The
 * timer runs once in a millisecond: what was due meanwhile goes out together, late by that much, for everybody alike.
 *
 * @param {{ messages: number, perSecond: number }} job
 * @returns {Promise<void>}
 */
export async function publishAt({ messages, perSecond }) {
  const startedUs = monotonicUs();
  const gapUs = 1e6 / perSecond;
  for (let sent = 0; sent < messages;) {
    const due = Math.min(messages, Math.floor((monotonicUs() - startedUs) / gapUs) + 1);
    for (; sent < due; sent++) publishOne(startedUs + sent * gapUs);
    await sleep(1);
  }
  await publisher.taken();
}

/** @returns {number} since it was opened */
export function publishedInAll() {
  return published;
}
