/**
 * Message writer: what one client publishes, written into the messages of its link.
 *
 * (W1) Each message that is given no id gets one of its own: a prefix that is the client's, and a number. Both are written from
 *      bytes that are counted up in place, since a client writes hundreds of thousands in a second.
 */
import type { Random, Utf8 } from "../../base/index.js";
import type { Writer } from "../../wire/index.js";
import { type TopicMessageHead, writeTopicMessage } from "../topic-message.js";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
const firstDigit = digits.charCodeAt(0);
const prefixLength = 10;
const numberLength = 7;

/** What may be said of a message beside its topic and payload. */
export type MessageFields = Omit<TopicMessageHead, "topic" | "id" | "timestampMs"> & {
  readonly id?: string | undefined;
};

export class MessageWriter {
  readonly #utf8: Utf8;
  readonly #id: Uint8Array;
  readonly #next: Uint8Array;

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
    writer.text(topic).blob(this.#id).varint(timestampMs).endFields().raw(payload);
  }

  /** Writes a message with `fields`. */
  write(writer: Writer, topic: string, timestampMs: number, fields: MessageFields, payload: Uint8Array): void {
    const id = fields.id ?? this.takeId();
    writeTopicMessage(writer, { ...fields, topic, id, timestampMs }, payload);
  }

  #count(): void {
    const id = this.#id;
    for (let at = id.length - 1; at >= prefixLength; at--) {
      const next = this.#next[id[at] as number] as number;
      id[at] = next;
      if (next !== firstDigit) return;
    }
  }
}
