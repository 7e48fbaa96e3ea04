/**
 * Message writer: what one client publishes, written into the messages of its link.
 *
 * (W1) Each message that is given no id gets one of its own: a prefix that is the client's, and a number. Both are written from
 *      bytes that are counted up in place, since a client writes hundreds of thousands in a second.
 * (W2) What stands before the payload is kept as bytes while topic and time stay the same: only the number in it changes.
 */
import type { Random, Utf8 } from "../../base/index.js";
import { Writer } from "../../wire/index.js";
import { type TopicMessageHead, writeTopicMessage } from "../topic-message.js";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
const firstDigit = digits.charCodeAt(0);
const prefixLength = 10;
const numberLength = 7;

/** What may be said of a message beside its topic and payload. */
export type MessageFields = Omit<TopicMessageHead, "topic" | "id" | "timestampMs"> & {
  readonly id?: string | undefined;
};

const noBytes = new Uint8Array(0);

export class MessageWriter {
  readonly #utf8: Utf8;
  readonly #id: Uint8Array;
  readonly #next: Uint8Array;
  /** What stands before the payload of a message of `#topic` at `#timestampMs`, and where its id is. (W2) */
  #head: Uint8Array = noBytes;
  #headId = 0;
  #topic: string | undefined;
  #timestampMs = -1;

  constructor(random: Random, utf8: Utf8) {
    this.#utf8 = utf8;
    const prefix = Array.from(random.bytes(prefixLength), (byte) => digits.charCodeAt(byte & 63));
    this.#id = Uint8Array.from([...prefix, ...new Array<number>(numberLength).fill(firstDigit)]);
    this.#next = new Uint8Array(128);
    for (let at = 0; at < digits.length; at++) {
      this.#next[digits.charCodeAt(at)] = digits.charCodeAt((at + 1) % digits.length);
    }
  }

  /** A text that no other client has. */
  get prefix(): string {
    return this.#utf8.decode(this.#id, 0, prefixLength);
  }

  /** The id of the next message that is given none. */
  takeId(): string {
    this.#count();
    return this.#utf8.decode(this.#id, 0, this.#id.length);
  }

  /** Writes a message about which nothing more is said into the one that was begun. (W1) */
  writePlain(writer: Writer, topic: string, timestampMs: number, payload: Uint8Array): void {
    this.#count();
    if (topic === this.#topic) {
      if (timestampMs !== this.#timestampMs) this.#prepare(topic, timestampMs);
      writer.raw(this.#head).raw(payload);
      return;
    }
    this.#topic = topic;
    this.#timestampMs = -1;
    this.#head = noBytes;
    writer.text(topic).blob(this.#id).varint(timestampMs).endFields().raw(payload);
  }

  /** Writes a message with `fields`. */
  write(writer: Writer, topic: string, timestampMs: number, fields: MessageFields, payload: Uint8Array): void {
    const id = fields.id ?? this.takeId();
    writeTopicMessage(writer, { ...fields, topic, id, timestampMs }, payload);
  }

  /** (W2) */
  #prepare(topic: string, timestampMs: number): void {
    const writer = new Writer(this.#utf8);
    this.#headId = writer.text(topic).length + 1;
    writer.blob(this.#id).varint(timestampMs).endFields();
    this.#head = writer.take();
    this.#timestampMs = timestampMs;
  }

  #count(): void {
    const id = this.#id;
    const head = this.#head;
    for (let at = id.length - 1; at >= prefixLength; at--) {
      const next = this.#next[id[at] as number] as number;
      id[at] = next;
      if (head.length > 0) head[this.#headId + at] = next;
      if (next !== firstDigit) return;
    }
  }
}
