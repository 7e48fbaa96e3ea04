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
  const { body, id, priority, delayMs, ttlMs, after } = message;
  if (!(body instanceof Uint8Array)) throw refused(queue, " has no body of bytes");
  checkBytes(queue, body, settings);
  checkText(queue, "id", id, limits);
  checkText(queue, "group", message.group, limits);
  checkText(queue, "dedup", message.dedup, limits);
  checkText(queue, "idempotencyKey", message.idempotencyKey, limits);
  if (id?.startsWith("~") === true)
    throw refused(queue, ` has the id ${quoted(id)}; ids that begin with "~" are made by queues`);
  checkInteger(queue, "priority", priority, 9);
  checkInteger(queue, "delayMs", delayMs, delayMsMax);
  checkInteger(queue, "ttlMs", ttlMs, settings.ttlMs);
  if (ttlMs === 0) throw refused(queue, ` has a "ttlMs" of 0; it must be at least 1`);
  checkDelay(queue, delayMs ?? settings.delayMs, ttlMs ?? settings.ttlMs);
  if (after !== undefined && after.length > limits.afterMax)
    throw tooLarge(queue, ` waits for ${after.length} others; the limit is ${limits.afterMax}`);
  checkCount(queue, "headers", message.headers, limits);
  checkCount(queue, "attributes", message.attributes, limits);
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
  throw tooLarge(queue, ` has ${body.length} bytes; the limit ("messageBytesMax") is ${messageBytesMax}`);
}

function checkText(queue: string, name: string, text: string | undefined, { idBytesMax }: QueuesLimits): void {
  if (text === undefined) return;
  if (text === "") throw refused(queue, ` has an empty "${name}"; leave it out`);
  if (utf8Length(text) > idBytesMax) throw tooLarge(queue, ` has a "${name}" of more than ${idBytesMax} bytes`);
}

function checkDelay(queue: string, delayMs: number, ttlMs: number): void {
  if (delayMs < ttlMs) return;
  const helps = `make "delayMs" shorter, or "ttlMs" longer`;
  throw refused(queue, `: after its delay (${delayMs} ms) its time ("ttlMs": ${ttlMs}) would be over: ${helps}`);
}

function checkInteger(queue: string, name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0 && value <= max)) return;
  throw refused(queue, ` has a "${name}" of ${value}; it must be an integer from 0 to ${max}`);
}

function checkCount(
  queue: string,
  name: string,
  given: Readonly<Record<string, unknown>> | undefined,
  { headersMax }: QueuesLimits,
): void {
  if (given === undefined) return;
  const count = Object.keys(given).length;
  if (count > headersMax) throw tooLarge(queue, ` has ${count} ${name}; the limit is ${headersMax}`);
}

function refused(queue: string, why: string, code: "invalid-argument" | "too-large" = "invalid-argument"): MpregError {
  return new MpregError(code, `a message to queue ${quoted(queue)}${why}`);
}

function tooLarge(queue: string, why: string): MpregError {
  return refused(queue, why, "too-large");
}
