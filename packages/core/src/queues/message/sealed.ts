/**
 * Sealed message: a message as bytes, as it lies in memory and in the store.
 *
 * Owns the form. Head: form (1), id (empty: made of the sequence), wall time of the send, delay, TTL (0: the queue's), priority; optional fields;
 * the rest is the body.
 *
 * (M1) What comes out is what was put in, a copy of the bytes, which those of other messages lie beside: it is not for keeping. Fields that a later
 *      version has added are skipped.
 */
import type { Utf8 } from "../../base/index.js";
import { type ByteMemory, createSlab } from "../../values/index.js";
import { Reader, TextCache, Writer } from "../../wire/index.js";
import type { DeadLetter, DeathReason, MessageAttribute, OutgoingMessage } from "../types.js";

const form = 1;
const tags = {
  group: 1,
  headers: 2,
  attributes: 3,
  dedup: 4,
  after: 5,
  key: 6,
  correlationId: 7,
  replyTo: 8,
  deadLetter: 9,
  keepResult: 10,
} as const;
/** Fields of which something is kept in memory, as long as the message is there. */
const isRemembered: ReadonlySet<number> = new Set([tags.key, tags.after, tags.keepResult]);
/** More than any message is taken with (`QueuesLimits`): what is sealed can be opened. */
const namesMax = 10_000;
/** The length and kind of a wire message, which the writer puts before it. */
const prefixBytes = 5;

/** Where a message belongs among the others. */
export interface Place {
  readonly sentWallMs: number;
  readonly group: string | undefined;
  readonly priority: number;
  readonly delayMs: number;
  /** Whether nothing else is to be remembered of it: no id, TTL or key, and nothing that it waits for. */
  readonly isPlain: boolean;
}

/** What the queue adds to a message. Times as in `OutgoingMessage`, with the queue's own where the message has none. */
export interface SealedHead {
  readonly sentWallMs: number;
  readonly delayMs: number;
  readonly deadLetter: DeadLetter | undefined;
}

/** A message read from its bytes. */
export interface OpenedMessage extends SealedHead {
  readonly message: OutgoingMessage;
}

export class Sealer {
  readonly #writer: Writer;
  readonly #reader: Reader;
  /** (M1) */
  readonly #memory: ByteMemory = createSlab((length) => new Uint8Array(length));

  constructor(utf8: Utf8) {
    this.#writer = new Writer(utf8);
    this.#reader = new Reader(new TextCache(utf8), { nameBytesMax: 1024 * 1024 });
  }

  seal(message: OutgoingMessage, head: SealedHead): Uint8Array {
    const writer = this.#writer.begin(form).text(message.id ?? "");
    writer.varint(Math.max(0, Math.floor(head.sentWallMs))).varint(head.delayMs);
    writer.varint(message.ttlMs ?? 0).u8(message.priority ?? priorityDefault);
    this.#text(tags.group, message.group);
    if (message.headers !== undefined) this.#pairs(tags.headers, Object.entries(message.headers));
    if (message.attributes !== undefined) this.#attributes(Object.entries(message.attributes));
    this.#text(tags.dedup, message.dedup);
    if (message.after !== undefined) writer.field(tags.after).texts(message.after).endField();
    this.#text(tags.key, message.idempotencyKey);
    this.#text(tags.correlationId, message.correlationId);
    this.#text(tags.replyTo, message.replyTo);
    if (message.keepResult === true) writer.field(tags.keepResult).endField();
    if (head.deadLetter !== undefined) this.#deadLetter(head.deadLetter);
    writer.endFields().raw(message.body);
    writer.end();
    return writer.takeLast();
  }

  /** Where a message belongs, read without the rest of it. */
  placeOf(sealed: Uint8Array): Place {
    const reader = this.#reader.open(sealed, prefixBytes, sealed.length);
    let isPlain = reader.text() === "";
    const sentWallMs = reader.varint();
    const delayMs = reader.varint();
    if (reader.varint() > 0) isPlain = false;
    const priority = reader.u8();
    let group: string | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tags.group) group = reader.text();
      else if (isRemembered.has(tag)) isPlain = false;
      reader.skipField();
    }
    return { sentWallMs, group, priority, delayMs, isPlain };
  }

  open(sealed: Uint8Array): OpenedMessage {
    const reader = this.#reader.open(sealed, prefixBytes, sealed.length);
    const id = reader.text();
    const sentWallMs = reader.varint();
    const delayMs = reader.varint();
    const ttlMs = reader.varint();
    const message: { -readonly [K in keyof OutgoingMessage]: OutgoingMessage[K] } = { body: noBytes };
    if (id !== "") message.id = id;
    if (ttlMs > 0) message.ttlMs = ttlMs;
    message.priority = reader.u8();
    let deadLetter: DeadLetter | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === tags.group) message.group = reader.text();
      else if (tag === tags.headers) message.headers = Object.fromEntries(readPairs(reader));
      else if (tag === tags.attributes) message.attributes = Object.fromEntries(readAttributes(reader));
      else if (tag === tags.dedup) message.dedup = reader.text();
      else if (tag === tags.after) message.after = reader.names(namesMax);
      else if (tag === tags.key) message.idempotencyKey = reader.text();
      else if (tag === tags.correlationId) message.correlationId = reader.text();
      else if (tag === tags.replyTo) message.replyTo = reader.text();
      else if (tag === tags.keepResult) message.keepResult = true;
      else if (tag === tags.deadLetter) deadLetter = readDeadLetter(reader);
      reader.skipField(); // (M1)
    }
    const body = reader.rest();
    message.body = this.#memory(body.length);
    message.body.set(body); // (M1)
    return { message, sentWallMs, delayMs, deadLetter };
  }

  #text(tag: number, text: string | undefined): void {
    if (text !== undefined) this.#writer.field(tag).text(text).endField();
  }

  #pairs(tag: number, pairs: readonly (readonly [string, string])[]): void {
    const writer = this.#writer.field(tag).varint(pairs.length);
    for (const [name, value] of pairs) writer.text(name).text(value);
    writer.endField();
  }

  #attributes(attributes: readonly (readonly [string, MessageAttribute])[]): void {
    const writer = this.#writer.field(tags.attributes).varint(attributes.length);
    for (const [name, { type, value }] of attributes) {
      writer.text(name).text(type);
      if (typeof value === "string") writer.u8(0).text(value);
      else writer.u8(1).blob(value);
    }
    writer.endField();
  }

  #deadLetter(letter: DeadLetter): void {
    const writer = this.#writer.field(tags.deadLetter).text(letter.queue).text(letter.reason);
    writer
      .text(letter.error ?? "")
      .varint(letter.attempts)
      .text(letter.subscription ?? "");
    writer.varint(Math.max(0, Math.floor(letter.sentMs))).varint(Math.max(0, Math.floor(letter.diedMs)));
    writer.endField();
  }
}

export const priorityDefault = 4;
const noBytes = new Uint8Array(0);

function readPairs(reader: Reader): [string, string][] {
  const count = reader.count("headers", namesMax);
  const pairs: [string, string][] = [];
  for (let at = 0; at < count; at++) pairs.push([reader.text(), reader.text()]);
  return pairs;
}

function readAttributes(reader: Reader): [string, MessageAttribute][] {
  const count = reader.count("attributes", namesMax);
  const attributes: [string, MessageAttribute][] = [];
  for (let at = 0; at < count; at++) {
    const name = reader.text();
    const type = reader.text();
    const value = reader.u8() === 0 ? reader.text() : reader.blob().slice();
    attributes.push([name, { type, value }]);
  }
  return attributes;
}

function readDeadLetter(reader: Reader): DeadLetter {
  const queue = reader.text();
  const reason = reader.text() as DeathReason;
  const error = reader.text();
  const attempts = reader.varint();
  const subscription = reader.text();
  return {
    queue,
    reason,
    error: error === "" ? undefined : error,
    attempts,
    subscription: subscription === "" ? undefined : subscription,
    sentMs: reader.varint(),
    diedMs: reader.varint(),
  };
}
