/**
 * Received message: what a consumer gets, read from the bytes that came when it is asked for something.
 *
 * (R1) Nothing is read, decoded or allocated that nobody asks for; the payload is decoded once.
 * (R2) One that cannot be read ends nothing: whoever asks it gets the error.
 * (R3) Written as JSON, or looked at as by `console.log`, it is what it says, although none of that is a property of its own.
 */
import { MpregError, type Utf8, thrownText } from "../../base/index.js";
import type { ByteMemory, Codec } from "../../values/index.js";
import { TextCache } from "../../wire/index.js";
import { TopicMessageReader } from "../topic-message.js";

/**
 * A message of a topic, as a subscription gets it.
 *
 * It is read from the bytes that came when one of its properties is asked for, each of which throws `malformed` where they
 * cannot be read. Whoever keeps many messages for long does better to keep their payloads: a message keeps alive what came
 * together with it.
 */
export interface TopicMessage<T = unknown> {
  readonly topic: string;
  /**
   * What was published; decoded when it is first asked for. A small `Uint8Array` in it (up to 1 KiB) may share its memory with
   * others, as Node's `Buffer` does: `slice()` makes one with an ArrayBuffer of its own.
   */
  readonly payload: T;
  /** Unique for each message of its publisher, which may have chosen it. */
  readonly id: string;
  /** Of the publisher's wall clock, in ms since 1970. */
  readonly timestampMs: number;
  /** Made anew each time. */
  readonly headers: Readonly<Record<string, string>>;
  readonly correlationId: string | undefined;
  /** The topic to which an answer is to be published. */
  readonly replyTo: string | undefined;
  /** For how long a node keeps it or lets it wait, and then once more the subscription, until it is taken, in ms; 0: it does not expire. */
  readonly ttlMs: number;
  /** 0 to 9. */
  readonly priority: number;
  /**
   * How many messages of its subscription are missing just before it: they were lost because its consumer was slow, or on their way
   * between nodes. `Infinity` where the connection was lost meanwhile, or a node has died, and nobody knows how many are missing, perhaps none.
   */
  readonly missedBefore: number;
}

/** Reads the messages of one client. */
export class MessageOpener {
  readonly #codec: Codec;
  readonly #memory: ByteMemory | undefined;
  readonly #reader: TopicMessageReader;
  #opened: Uint8Array | undefined;

  /** What is bytes in a payload lies in `memory`; where there is none, each in an ArrayBuffer of its own. */
  constructor(codec: Codec, utf8: Utf8, memory?: ByteMemory) {
    this.#codec = codec;
    this.#memory = memory;
    // what is too large for a node never gets here
    const unlimited = { headersMax: Infinity, headerBytesMax: Infinity, idBytesMax: Infinity };
    this.#reader = new TopicMessageReader(new TextCache(utf8), utf8, Infinity, unlimited);
  }

  open(bytes: Uint8Array): TopicMessageReader {
    if (this.#opened === bytes) return this.#reader;
    this.#opened = undefined; // what throws is not open
    this.#reader.open(bytes);
    this.#opened = bytes;
    return this.#reader;
  }

  /** The payload of what is open. */
  decode({ bytes, payloadStart }: TopicMessageReader): unknown {
    return this.#codec.decode(bytes, this.#memory, payloadStart);
  }
}

/** Not a value that anybody can send. */
const unread = Symbol("unread");

export class ReceivedMessage<T = unknown> implements TopicMessage<T> {
  readonly #bytes: Uint8Array;
  readonly #opener: MessageOpener;
  missedBefore: number;
  /** When it came, in whole ms of 32 bits, which cost no memory of their own. */
  #cameMs = 0;
  #payload: unknown = unread;

  constructor(bytes: Uint8Array, opener: MessageOpener, missedBefore: number) {
    this.#bytes = bytes;
    this.#opener = opener;
    this.missedBefore = missedBefore;
  }

  /** Size of the message, as the window of its subscription counts it. */
  get bytes(): number {
    return this.#bytes.length;
  }

  /** It begins to wait. */
  came(nowMs: number): void {
    this.#cameMs = nowMs | 0;
  }

  /** Whether it has waited for longer than it may. One that cannot be read has not: whoever reads it is told. (R2) */
  hasExpired(nowMs: number): boolean {
    const waitedMs = ((nowMs | 0) - this.#cameMs) | 0;
    if (waitedMs <= 0) return false; // most are taken at once, and not looked into for this (R1)
    try {
      const { ttlMs } = this.#open();
      return ttlMs > 0 && waitedMs > ttlMs;
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      return false;
    }
  }

  get topic(): string {
    return this.#open().topic;
  }

  get payload(): T {
    // (R1); what type it has is the subscriber's word, unless a schema says so
    if (this.#payload === unread) this.#payload = this.#decoded();
    return this.#payload as T;
  }

  get id(): string {
    return this.#open().id;
  }

  get timestampMs(): number {
    return this.#open().timestampMs;
  }

  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#open().headers);
  }

  get correlationId(): string | undefined {
    return this.#open().correlationId;
  }

  get replyTo(): string | undefined {
    return this.#open().replyTo;
  }

  get ttlMs(): number {
    return this.#open().ttlMs;
  }

  get priority(): number {
    return this.#open().priority;
  }

  /** (R3) */
  toJSON(): TopicMessage<T> {
    const { topic, payload, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, missedBefore } = this;
    return { topic, payload, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, missedBefore };
  }

  #open(): TopicMessageReader {
    return this.#opener.open(this.#bytes);
  }

  /** (R2) */
  #decoded(): unknown {
    const reader = this.#open();
    try {
      return this.#opener.decode(reader);
    } catch (cause) {
      const message = `The payload of a message of topic "${reader.topic}" cannot be read: ${thrownText(cause)}`;
      throw new MpregError("malformed", message, { cause });
    }
  }
}

// how Node prints a value; elsewhere the symbol means nothing (R3)
Object.defineProperty(ReceivedMessage.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: ReceivedMessage): unknown {
    try {
      return this.toJSON();
    } catch (error) {
      return error; // it is looked at: who logs it is not to fail (R2)
    }
  },
});
