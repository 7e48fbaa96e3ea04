/**
 * JSON topic messages: a published message as the JSON protocol writes it, and as topics carry it.
 *
 * What the JSON form has and ours has not (the publisher, a timestamp finer than a ms, headers that are no texts, the route) is
 * carried as JSON in one header of its own.
 *
 * | JSON | topics |
 * |---|---|
 * | `message_id`, `topic`, `payload` | the same |
 * | `timestamp`, in s | `timestampMs`, rounded |
 * | `headers` | headers; a value that is no text, as JSON |
 * | `headers.correlation_id`, `.reply_to`, `.priority` from 0 to 9, `.ttl_seconds` | these, and `correlationId`, `replyTo`, `priority`, `ttlMs` |
 *
 * (O1) What one client of the JSON protocol publishes, another is told in the same fields with the same values.
 * (O2) What cannot be carried is refused with its name; nothing is changed in silence.
 * (O3) A payload that JSON cannot say is told as what it is, and costs nobody a message or a connection.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { checkName, invalid } from "../rpc/graph/call-options.js";
import { isPlainObject } from "../rpc/graph/objects.js";
import { typeName } from "../rpc/graph/ref.js";
import { type TopicMessageHead, TopicMessageReader, priorityDefault, priorityMax } from "../topics/index.js";
import type { Codec } from "../values/index.js";
import { TextCache, type WireLimits } from "../wire/index.js";
import { parseFrame, textBytesMax } from "./json-v1-frame.js";
import { toJsonText } from "./json-v1-values.js";

/** The header that carries what the JSON form has beside ours. */
export const restHeader = "mpreg-json-v1";

/** What the header carries: each where it says something. */
interface Rest {
  readonly timestamp?: number | undefined;
  readonly publisher?: string | undefined;
  /** All of them, where one is no text. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly routing_path?: readonly string[] | undefined;
  readonly current_hop?: number | undefined;
}

/** As long as a header may be that is made here. What is too long for a node, its topics refuse. */
const headerCharsMax = 1024 * 1024;
/** Seconds: what a `Date` holds. */
const timestampMax = 8.64e12;

/** The head of the message that a client has sent. Throws `invalid-argument`. (O2) */
export function headOf(message: Readonly<Record<string, unknown>>, wallMs: number): TopicMessageHead {
  const { topic, message_id: id, timestamp = wallMs / 1_000, publisher = "", headers = {} } = message;
  if (typeof topic !== "string") throw invalid(`message.topic must be a text, got ${typeName(topic)}`);
  checkName(id, "message.message_id");
  if (typeof timestamp !== "number" || !(timestamp >= 0 && timestamp <= timestampMax)) {
    throw invalid(`message.timestamp must be seconds since 1970, got ${shown(timestamp)}`);
  }
  if (typeof publisher !== "string") throw invalid(`message.publisher must be a text, got ${typeName(publisher)}`);
  if (!isPlainObject(headers)) throw invalid(`message.headers must be an object, got ${typeName(headers)}`);
  const { routing_path: path = null, current_hop: hop = null } = message;
  if (path !== null && !isTexts(path)) {
    throw invalid(`message.routing_path must be null or an array of texts, got ${typeName(path)}`);
  }
  if (hop !== null && !Number.isSafeInteger(hop)) {
    throw invalid(`message.current_hop must be null or an integer, got ${shown(hop)}`);
  }
  const timestampMs = Math.round(timestamp * 1_000);
  const texts = textsOf(headers);
  const isAllText = !texts.has(restHeader) && Object.values(headers).every((value) => typeof value === "string");
  const rest: Rest = {
    timestamp: timestampMs / 1_000 === timestamp ? undefined : timestamp,
    publisher: publisher === "" ? undefined : publisher,
    headers: isAllText ? undefined : headers,
    routing_path: path ?? undefined,
    current_hop: (hop as number | null) ?? undefined,
  };
  const text = toJsonText(rest, "what message has beside its payload", headerCharsMax);
  if (text === "{}") texts.delete(restHeader);
  else texts.set(restHeader, text);
  const head = { topic, id, timestampMs, headers: texts, ...actingOf(headers) };
  for (const part of [topic, id, head.correlationId, head.replyTo, ...texts.keys(), ...texts.values()]) checkText(part);
  return head;
}

function textsOf(headers: Readonly<Record<string, unknown>>): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const text =
      typeof value === "string" ? value : toJsonText(value, `header ${JSON.stringify(name)}`, headerCharsMax);
    texts.set(name, text);
  }
  return texts;
}

/** What the reference's clients flatten into headers, where it means something here. */
function actingOf(
  headers: Readonly<Record<string, unknown>>,
): Pick<TopicMessageHead, "correlationId" | "replyTo" | "priority" | "ttlMs"> {
  const { correlation_id: correlationId, reply_to: replyTo, priority, ttl_seconds: ttlSeconds } = headers;
  const ttlMs = typeof ttlSeconds === "number" ? Math.ceil(ttlSeconds * 1_000) : 0;
  return {
    correlationId: typeof correlationId === "string" ? correlationId : undefined,
    replyTo: typeof replyTo === "string" ? replyTo : undefined,
    priority: isPriority(priority) ? priority : undefined,
    ttlMs: Number.isSafeInteger(ttlMs) && ttlMs > 0 ? ttlMs : undefined,
  };
}

function isPriority(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= priorityMax;
}

/** JSON can say half of a surrogate pair; UTF-8, in which topics are carried, cannot. (O2) */
function checkText(text: string | undefined): void {
  if (text === undefined || !/\p{Surrogate}/u.test(text)) return;
  throw invalid("a topic, id or header of the message has half of a surrogate pair, which no UTF-8 can say");
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : typeName(value);
}

/** A message as it is told to clients of the JSON protocol. */
export interface ToldMessage {
  /** The `message` of a notification, as JSON. */
  readonly text: string;
  readonly id: string;
  /** What could not be told of it. */
  readonly notices: readonly string[];
}

export interface TellerHost {
  readonly codec: Codec;
  readonly utf8: Utf8;
  readonly limits: WireLimits;
}

/** Tells messages of topics as JSON. One message often goes to many connections, one after the other: it is written once. */
export class JsonMessageTeller {
  readonly #codec: Codec;
  readonly #utf8: Utf8;
  readonly #limits: WireLimits;
  readonly #reader: TopicMessageReader;
  #last: { readonly bytes: Uint8Array; readonly told: ToldMessage } | undefined;

  constructor({ codec, utf8, limits }: TellerHost) {
    this.#codec = codec;
    this.#utf8 = utf8;
    this.#limits = limits;
    // what is too large for the node never gets here
    const unlimited = { headersMax: Infinity, headerBytesMax: Infinity, idBytesMax: Infinity };
    this.#reader = new TopicMessageReader(new TextCache(utf8), utf8, Infinity, unlimited);
  }

  /** `bytes` must stand until {@link forget}. */
  tell(bytes: Uint8Array): ToldMessage {
    if (this.#last?.bytes !== bytes) this.#last = { bytes, told: this.#tell(bytes) };
    return this.#last.told;
  }

  /** Whoever owns the bytes that were told may write to them again. */
  forget(): void {
    this.#last = undefined;
  }

  #tell(bytes: Uint8Array): ToldMessage {
    const message = this.#reader.open(bytes);
    const { topic, id, timestampMs } = message;
    const { rest, headers } = this.#headers(message);
    const notices: string[] = [];
    const payload = this.#payload(message, notices);
    const { timestamp = timestampMs / 1_000, publisher = "", routing_path: path, current_hop: hop } = rest;
    const head = `{"topic":${JSON.stringify(topic)},"payload":${payload},"timestamp":${timestamp},"message_id":${JSON.stringify(id)}`;
    const route = `"routing_path":${JSON.stringify(path ?? null)},"current_hop":${hop ?? null}`;
    return { text: `${head},"publisher":${JSON.stringify(publisher)},"headers":${headers},${route}}`, id, notices };
  }

  /** (O3) */
  #payload(message: TopicMessageReader, notices: string[]): string {
    try {
      return toJsonText(this.#codec.decode(message.payload), "the payload", textBytesMax(this.#limits));
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      notices.push(error.message);
      return "null";
    }
  }

  /** What the header for the rest carries, and the headers as JSON. */
  #headers(message: TopicMessageReader): { readonly rest: Rest; readonly headers: string } {
    const texts = message.headers;
    const carried = texts.get(restHeader);
    const rest = carried === undefined ? {} : this.#rest(carried);
    if (rest === undefined) return { rest: {}, headers: headersText(message, Object.fromEntries(texts)) };
    texts.delete(restHeader);
    return { rest, headers: headersText(message, rest.headers ?? Object.fromEntries(texts)) };
  }

  /** What the header says; nothing where it is not one that was made here: clients of other protocols send what they like. */
  #rest(text: string): Rest | undefined {
    try {
      return restOf(parseFrame(this.#utf8.encode(text), this.#utf8, this.#limits));
    } catch (error) {
      if (error instanceof MpregError) return undefined;
      throw error;
    }
  }
}

/** `headers`, with what topics carry beside them under the names that the reference's clients know. */
function headersText(message: TopicMessageReader, headers: Readonly<Record<string, unknown>>): string {
  const { correlationId, replyTo, priority, ttlMs } = message;
  const acting = {
    correlation_id: correlationId,
    reply_to: replyTo,
    priority: priority === priorityDefault ? undefined : priority,
    ttl_seconds: ttlMs === 0 ? undefined : ttlMs / 1_000,
  };
  const missing = Object.entries(acting).filter(
    ([name, value]) => value !== undefined && !Object.hasOwn(headers, name),
  );
  const all = missing.length === 0 ? headers : Object.fromEntries([...Object.entries(headers), ...missing]);
  return toJsonText(all, "the headers", Infinity);
}

/** Throws `not-encodable` where it nests deeper than what is told may. */
function restOf(rest: unknown): Rest | undefined {
  if (!isPlainObject(rest)) return undefined;
  const { timestamp, publisher, headers, routing_path: path, current_hop: hop } = rest;
  if (timestamp !== undefined && typeof timestamp !== "number") return undefined;
  if (publisher !== undefined && typeof publisher !== "string") return undefined;
  if (headers !== undefined && !isPlainObject(headers)) return undefined;
  if (path !== undefined && !isTexts(path)) return undefined;
  if (hop !== undefined && !Number.isSafeInteger(hop)) return undefined;
  if (headers !== undefined) toJsonText(headers, "the headers", Infinity);
  return { timestamp, publisher, headers, routing_path: path, current_hop: hop as number | undefined };
}
