/**
 * Intake: a message before it is in its queue: checked, sealed, its room and its ids reserved.
 *
 * (I1) What was reserved is given back when the message does not come in after all: a refused send burns no id and takes no room.
 * (I2) Capacity is never exceeded, also not by what is on its way to the disk.
 */
import { MpregError, quoted } from "../../base/index.js";
import { utf8Length } from "../../values/index.js";
import type { QueuesLimits } from "../limits.js";
import type { Message } from "../message/message.js";
import type { OutgoingMessage, QueueSettings } from "../types.js";
import { delayMsMax } from "../settings/settings.js";
import type { Remembered } from "./window.js";

/** One that takes the room of others. */
export interface Taker {
  readonly victims: readonly Message[];
}

/** A message on its way in. */
export interface Prepared {
  readonly message: Message;
  readonly id: string;
  readonly delayMs: number;
  readonly remembered: Remembered | undefined;
  /** What makes room for it, if anything has to. */
  readonly taker: Taker | undefined;
  /** What is promised of sequences in its batch. */
  readonly promise: number | undefined;
}

/** How much of a queue is taken. (I2) */
export class Room {
  messages = 0;
  bytes = 0;

  has(settings: QueueSettings, bytes: number): boolean {
    return this.messages < settings.messagesMax && this.bytes + bytes <= settings.bytesMax;
  }

  take(bytes: number): void {
    this.messages += 1;
    this.bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.messages -= 1;
    this.bytes -= bytes;
  }

  full(queue: string, settings: QueueSettings, bytes: number): MpregError {
    const { messagesMax, bytesMax } = settings;
    const has = `it has ${this.messages} of ${messagesMax} messages and ${this.bytes} of ${bytesMax} bytes`;
    const helps = `consume, purge, or raise "messagesMax" or "bytesMax"`;
    return new MpregError(
      "overloaded",
      `Queue ${quoted(queue)} has no room for a message of ${bytes} bytes: ${helps}; ${has}`,
    );
  }
}

/** Throws `invalid-argument` or `too-large` where a message cannot be one of the queue. */
export function checkMessage(
  queue: string,
  message: OutgoingMessage,
  settings: QueueSettings,
  limits: QueuesLimits,
): void {
  const who = `a message to queue ${quoted(queue)}`;
  const { body, id, priority, delayMs, ttlMs, after } = message;
  if (!(body instanceof Uint8Array)) throw new MpregError("invalid-argument", `${who} has no body of bytes`);
  checkBytes(queue, body, settings);
  for (const name of ["id", "group", "dedup", "idempotencyKey"] as const) {
    const text = message[name];
    if (text === undefined) continue;
    if (text === "") throw new MpregError("invalid-argument", `${who} has an empty "${name}"; leave it out`);
    if (utf8Length(text) > limits.idBytesMax)
      throw tooLarge(`${who} has a "${name}" of more than ${limits.idBytesMax} bytes`);
  }
  if (id?.startsWith("~") === true) {
    throw new MpregError(
      "invalid-argument",
      `${who} has the id ${quoted(id)}; ids that begin with "~" are made by queues`,
    );
  }
  checkInteger(who, "priority", priority, 9);
  checkInteger(who, "delayMs", delayMs, delayMsMax);
  checkInteger(who, "ttlMs", ttlMs, settings.ttlMs);
  if (ttlMs === 0) throw new MpregError("invalid-argument", `${who}: "ttlMs" must be at least 1`);
  checkDelay(who, delayMs ?? settings.delayMs, ttlMs ?? settings.ttlMs);
  if (after !== undefined && after.length > limits.afterMax) {
    throw tooLarge(`${who} waits for ${after.length} others; the limit is ${limits.afterMax}`);
  }
  checkCount(who, "headers", message.headers, limits);
  checkCount(who, "attributes", message.attributes, limits);
}

/** The same of one that the queue is to send itself: it is not delayed by the queue. */
export function checkScheduled(
  {
    name,
    settings,
    host,
  }: { readonly name: string; readonly settings: QueueSettings; readonly host: { readonly limits: QueuesLimits } },
  message: OutgoingMessage,
): void {
  checkMessage(name, message, { ...settings, delayMs: 0 }, host.limits);
}

/** Throws `too-large`. */
export function checkBytes(queue: string, body: Uint8Array, { messageBytesMax }: QueueSettings): void {
  if (body.length <= messageBytesMax) return;
  const who = `a message to queue ${quoted(queue)}`;
  throw tooLarge(`${who} has ${body.length} bytes; the limit ("messageBytesMax") is ${messageBytesMax}`);
}

function checkDelay(who: string, delayMs: number, ttlMs: number): void {
  if (delayMs < ttlMs) return;
  const helps = `make "delayMs" shorter, or "ttlMs" longer`;
  const message = `${who}: after its delay (${delayMs} ms) its time ("ttlMs": ${ttlMs}) would be over: ${helps}`;
  throw new MpregError("invalid-argument", message);
}

function checkInteger(who: string, name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0 && value <= max)) return;
  throw new MpregError("invalid-argument", `${who}: "${name}" must be an integer from 0 to ${max}, got ${value}`);
}

function checkCount(
  who: string,
  name: string,
  given: Readonly<Record<string, unknown>> | undefined,
  limits: QueuesLimits,
): void {
  if (given === undefined) return;
  const count = Object.keys(given).length;
  if (count > limits.headersMax) throw tooLarge(`${who} has ${count} ${name}; the limit is ${limits.headersMax}`);
}

function tooLarge(message: string): MpregError {
  return new MpregError("too-large", message);
}
