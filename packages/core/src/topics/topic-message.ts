/**
 * Topic message: what is published, as bytes that nobody between publisher and subscriber writes again.
 *
 * Owns the layout: topic (text), id (text), timestamp (varint, ms of the publisher's wall clock), optional fields, and the
 * payload, an encoded value, up to the end. docs/decisions/0013 says why.
 *
 * (M1) A message that was opened was checked from its first byte to its payload: whoever gets it later can read it.
 * (M2) Opening allocates nothing: what is a text is made when it is asked for, the topic only where it is not known yet.
 * (M3) Fields that this version does not know are left where they are, and reach the subscriber.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import type { TextCache, Writer } from "../wire/index.js";
import type { TopicMessageLimits } from "./limits.js";

/** What a publisher says of a message beside its payload. */
export interface TopicMessageHead {
  readonly topic: string;
  /** Told apart by it; unique for each message of its publisher. */
  readonly id: string;
  /** Of the publisher's wall clock, ms since 1970; for display. */
  readonly timestampMs: number;
  readonly headers?: ReadonlyMap<string, string> | undefined;
  readonly correlationId?: string | undefined;
  /** The topic to which an answer is to be published. */
  readonly replyTo?: string | undefined;
  /** Where the message is still kept or waits after so many ms, nobody gets it any more. */
  readonly ttlMs?: number | undefined;
  /** 0 to 9: of messages that wait, the one with the highest priority is next. 4 where nothing is said. */
  readonly priority?: number | undefined;
}

export const priorityMax = 9;
export const priorityDefault = 4;

const tags = { headers: 1, correlationId: 2, replyTo: 3, ttlMs: 4, priority: 5 } as const;

/** Writes a message into the one that was begun in `writer`: up to its end, so nothing can come behind it. */
export function writeTopicMessage(writer: Writer, head: TopicMessageHead, payload: Uint8Array): void {
  const { headers, correlationId, replyTo, ttlMs, priority } = head;
  writer.text(head.topic).text(head.id).varint(head.timestampMs);
  if (headers !== undefined && headers.size > 0) {
    writer.field(tags.headers).varint(headers.size);
    for (const [name, value] of headers) writer.text(name).text(value);
    writer.endField();
  }
  if (correlationId !== undefined) writer.field(tags.correlationId).text(correlationId).endField();
  if (replyTo !== undefined) writer.field(tags.replyTo).text(replyTo).endField();
  if (ttlMs !== undefined) writer.field(tags.ttlMs).varint(ttlMs).endField();
  if (priority !== undefined && priority !== priorityDefault) writer.field(tags.priority).u8(priority).endField();
  writer.endFields().raw(payload);
}

/** Where something lies in the message: from `start` to before `end`; nowhere with -1. */
interface Place {
  start: number;
  end: number;
}

/** Reads messages, one after the other. */
export class TopicMessageReader {
  readonly #texts: TextCache;
  readonly #utf8: Utf8;
  readonly #limits: TopicMessageLimits;
  readonly #topicBytesMax: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  /** Nothing is read behind it. */
  #end = 0;
  readonly #topic: Place = { start: 0, end: 0 };
  /** There once somebody has asked for it. */
  #topicText: string | undefined;
  readonly #id: Place = { start: 0, end: 0 };
  readonly #headers: Place = { start: -1, end: -1 };
  readonly #correlationId: Place = { start: -1, end: -1 };
  readonly #replyTo: Place = { start: -1, end: -1 };
  /** Where in {@link bytes} the encoded payload begins, which goes up to their end. */
  payloadStart = 0;
  timestampMs = 0;
  /** 0: it does not expire. */
  ttlMs = 0;
  priority: number = priorityDefault;
  headerCount = 0;

  constructor(texts: TextCache, utf8: Utf8, topicBytesMax: number, limits: TopicMessageLimits) {
    this.#texts = texts;
    this.#utf8 = utf8;
    this.#topicBytesMax = topicBytesMax;
    this.#limits = limits;
  }

  /**
   * Opens the message that `bytes` are. Throws `malformed` or `too-large`. (M1)
   *
   * It reads `bytes` when it is asked for something, so they must stand until then.
   */
  open(bytes: Uint8Array): this {
    this.#bytes = bytes;
    this.#position = 0;
    this.#end = bytes.length;
    this.ttlMs = 0;
    this.priority = priorityDefault;
    this.headerCount = 0;
    this.#headers.start = this.#correlationId.start = this.#replyTo.start = -1;
    this.#topicText = undefined;
    this.#text(this.#topic, "topic", this.#topicBytesMax);
    this.#text(this.#id, "id", this.#limits.idBytesMax);
    this.timestampMs = this.#varint();
    this.#fields();
    this.payloadStart = this.#position;
    return this;
  }

  /** The id of the message that `bytes` are, even where the message is not one that could be opened; empty where there is none. */
  idOf(bytes: Uint8Array): string {
    this.#bytes = bytes;
    this.#position = 0;
    this.#end = bytes.length;
    try {
      this.#skipText();
      this.#text(this.#id, "id", this.#limits.idBytesMax);
      return this.id;
    } catch (error) {
      if (error instanceof MpregError) return "";
      throw error;
    }
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get topic(): string {
    this.#topicText ??= this.#texts.decode(this.#bytes, this.#topic.start, this.#topic.end); // (M2)
    return this.#topicText;
  }

  get id(): string {
    return this.#decode(this.#id) as string;
  }

  get correlationId(): string | undefined {
    return this.#decode(this.#correlationId);
  }

  get replyTo(): string | undefined {
    return this.#decode(this.#replyTo);
  }

  /** A view of the encoded payload. */
  get payload(): Uint8Array {
    return this.#bytes.subarray(this.payloadStart);
  }

  /** The headers; of a name that comes twice, the last one. */
  get headers(): Map<string, string> {
    const headers = new Map<string, string>();
    this.eachHeader((start, end, valueStart, valueEnd) => {
      headers.set(this.#utf8.decode(this.#bytes, start, end), this.#utf8.decode(this.#bytes, valueStart, valueEnd));
    });
    return headers;
  }

  /** Tells `told` where in {@link bytes} the name and the value of each header lie. */
  eachHeader(told: (start: number, end: number, valueStart: number, valueEnd: number) => void): void {
    if (this.#headers.start === -1) return;
    this.#position = this.#headers.start;
    this.#end = this.#headers.end;
    for (let left = this.headerCount; left > 0; left--) {
      const start = this.#skipText();
      const end = this.#position;
      const valueStart = this.#skipText();
      told(start, end, valueStart, this.#position);
    }
  }

  #fields(): void {
    for (;;) {
      const tag = this.#u8();
      if (tag === 0) return;
      const end = this.#fieldEnd();
      const whole = this.#end;
      this.#end = end; // a field must not lead out of itself
      if (tag === tags.headers) this.#checkHeaders();
      else if (tag === tags.correlationId) this.#text(this.#correlationId, "correlation id", this.#limits.idBytesMax);
      else if (tag === tags.replyTo) this.#text(this.#replyTo, "reply topic", this.#topicBytesMax);
      else if (tag === tags.ttlMs) this.ttlMs = this.#varint();
      else if (tag === tags.priority) this.#readPriority();
      this.#position = end; // (M3)
      this.#end = whole;
    }
  }

  #readPriority(): void {
    this.priority = this.#u8();
    if (this.priority > priorityMax) throw malformed(`its priority is ${this.priority}; the highest is ${priorityMax}`);
  }

  #checkHeaders(): void {
    const { headersMax, headerBytesMax } = this.#limits;
    const length = this.#end - this.#position;
    if (length > headerBytesMax) throw tooLarge(`its headers have ${length} bytes; the limit is ${headerBytesMax}`);
    const count = this.#varint();
    if (count > headersMax) throw tooLarge(`it has ${count} headers; the limit is ${headersMax}`);
    this.#headers.start = this.#position;
    for (let left = count * 2; left > 0; left--) this.#skipText();
    this.#headers.end = this.#position;
    this.headerCount = count;
  }

  #text(place: Place, what: string, bytesMax: number): void {
    const length = this.#length(what, bytesMax);
    place.start = this.#position;
    this.#position += length;
    place.end = this.#position;
  }

  #length(what: string, bytesMax: number): number {
    const length = this.#varint();
    if (length > bytesMax) throw tooLarge(`its ${what} has ${length} bytes; the limit is ${bytesMax}`);
    this.#need(length);
    return length;
  }

  /** Goes behind a text; answers where its bytes begin. */
  #skipText(): number {
    const length = this.#varint();
    this.#need(length);
    const start = this.#position;
    this.#position += length;
    return start;
  }

  #decode({ start, end }: Place): string | undefined {
    return start === -1 ? undefined : this.#utf8.decode(this.#bytes, start, end);
  }

  #u8(): number {
    this.#need(1);
    return this.#bytes[this.#position++] as number;
  }

  #fieldEnd(): number {
    this.#need(4);
    const bytes = this.#bytes;
    let length = 0;
    for (let i = 0; i < 4; i++) length = length * 0x100 + (bytes[this.#position++] as number);
    this.#need(length);
    return this.#position + length;
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value;
      unit *= 0x80;
    }
    throw malformed("a number is larger than 2^53 - 1");
  }

  #need(length: number): void {
    if (this.#position + length > this.#end) throw malformed("it ends before its last field");
  }
}

function malformed(why: string): MpregError {
  return new MpregError("malformed", `Cannot read the message of a topic: ${why}`);
}

function tooLarge(why: string): MpregError {
  return new MpregError("too-large", `Cannot publish the message: ${why}`);
}
