/** An exchange whose effects are written down, and messages for it. */
import {
  Exchange,
  type ForwardSink,
  type Handed,
  type OtherNodes,
  type TopicMessageHead,
  TopicMessageReader,
  type TopicSink,
  type TopicsLimits,
  defaultTopicMessageLimits,
  defaultTopicsLimits,
  writeTopicMessage,
} from "../../src/topics/index.js";
import { TextCache, Writer } from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";

/** The bytes of a message. */
export function messageOf(head: TopicMessageHead, payload: Uint8Array): Uint8Array {
  const writer = new Writer(utf8);
  writer.begin(0);
  writeTopicMessage(writer, head, payload);
  writer.end();
  return writer.takeLast().slice(5);
}

export function readerOf(limits = defaultTopicMessageLimits): TopicMessageReader {
  return new TopicMessageReader(new TextCache(utf8), utf8, defaultTopicsLimits.topic.bytesMax, limits);
}

/** A message of `topic` that is known by its id. */
export function note(topic: string, id: number | string, more: Partial<TopicMessageHead> = {}, size = 0): Uint8Array {
  return messageOf({ topic, id: String(id), timestampMs: 0, ...more }, new Uint8Array(size));
}

/** For a node that has no others. */
export const noOthers: OtherNodes = {
  others: () => [],
  isMember: () => false,
  told: () => undefined,
  runOf: () => undefined,
  serves: () => false,
  ask: () => () => undefined,
  ownOrigin: () => "this",
  policy: () => ({ allow: true }),
  nowMs: () => 0,
};

export const user = { id: 1, isCluster: false };

/** What a subscription was told: ids of messages, `-n` where n are missing, and how it ended. */
export type Told = string | number;

export class World implements TopicSink, ForwardSink {
  readonly exchange: Exchange;
  /** By outlet and number. */
  readonly told: Map<string, Told[]> = new Map();
  /** Bytes of each message told and not taken. */
  readonly untaken: Map<string, number[]> = new Map();
  readonly resumed: number[] = [];
  /** How often `deliver` was called, and with how many numbers. */
  readonly deliveries: number[] = [];
  readonly #reader = readerOf();
  nowMs = 0;

  constructor(limits: Partial<TopicsLimits> = {}) {
    this.exchange = new Exchange(this, this, { limits: { ...defaultTopicsLimits, ...limits }, utf8, seed: 7 });
  }

  deliver(outlet: number, numbers: readonly number[], count: number, message: Uint8Array): void {
    this.deliveries.push(count);
    const { id } = this.#reader.open(message);
    for (let at = 0; at < count; at++) {
      const key = `${outlet}/${numbers[at]}`;
      this.#tell(key, id);
      this.untaken.set(key, [...(this.untaken.get(key) ?? []), message.length]);
    }
  }

  missed(outlet: number, number: number, count: number): void {
    this.#tell(`${outlet}/${number}`, -count);
  }

  ended(outlet: number, number: number, why: string, lost: number): void {
    this.#tell(`${outlet}/${number}`, `${why} ${lost}`);
  }

  drained(outlet: number, number: number): void {
    this.#tell(`${outlet}/${number}`, "drained");
  }

  resume(publisher: number): void {
    this.resumed.push(publisher);
  }

  forward(): Handed {
    throw new Error("there is no other node");
  }

  forwardedUntil(): void {
    throw new Error("there is no other node");
  }

  runOf(): undefined {
    return undefined;
  }

  /** What subscription `number` of outlet 1 was told. */
  heard(number: number, outlet = 1): Told[] {
    return this.told.get(`${outlet}/${number}`) ?? [];
  }

  publish(topic: string, id: number | string, more: Partial<TopicMessageHead> = {}, size = 0): string {
    return this.exchange.publish(user, note(topic, id, more, size), this.nowMs).kind;
  }

  /** The consumer takes up to `count` messages. */
  take(number: number, count = Infinity, outlet = 1): void {
    const key = `${outlet}/${number}`;
    const untaken = this.untaken.get(key) ?? [];
    const taken = untaken.splice(0, count);
    const bytes = taken.reduce((sum, each) => sum + each, 0);
    if (bytes > 0) this.exchange.taken(outlet, number, bytes, this.nowMs);
  }

  /** The consumer takes until nothing comes any more. */
  takeAll(number: number, outlet = 1): void {
    while ((this.untaken.get(`${outlet}/${number}`) ?? []).length > 0) this.take(number, Infinity, outlet);
  }

  #tell(key: string, what: Told): void {
    const told = this.told.get(key);
    if (told === undefined) this.told.set(key, [what]);
    else told.push(what);
  }
}
