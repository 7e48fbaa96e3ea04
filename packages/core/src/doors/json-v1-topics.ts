/**
 * JSON topics: what one connection publishes and subscribes to.
 *
 * It is a participant of topics like every native link: the exchange decides who gets what, and what waits and what is dropped.
 * Owns the ids that its client has given its subscriptions, and what is on its way.
 *
 * (P1) A subscription is named by its id and its connection: ids of others, whatever they are, are never meant.
 * (P2) The first that a client hears of a subscription is that it has it; the last, that it has it no more.
 * (P3) A publish is answered once it was taken, behind what it has led to on the same connection, as the reference does.
 * (P4) The client says nothing of what it has read: a message is taken when it has left this node. While more than
 *      `transportBytesMax` wait to leave, nothing more is taken; then a buffer for each subscription drops its oldest messages, and
 *      the next one says how many are missing.
 * (P5) When the connection is gone, nothing of it is left.
 */
import { AssertionError, MpregError, type Policy, type Subject, type Utf8 } from "../base/index.js";
import { invalid } from "../rpc/graph/call-options.js";
import { Writer, type WireLimits } from "../wire/index.js";
import { addressOf, authorizePublish, authorizeSubscribe } from "../topics/participant.js";
import {
  type MessageWriter,
  type Participant,
  type Topics,
  type TopicsLimits,
  isReserved,
  writeTopicMessage,
} from "../topics/index.js";
import type { Codec } from "../values/index.js";
import { notification, topicsReply } from "./json-v1-reply.js";
import type { TopicAsk } from "./json-v1-topic-asks.js";
import { type JsonMessageTeller, headOf } from "./json-v1-topic-message.js";

export interface JsonV1TopicsHost {
  readonly codec: Codec;
  readonly utf8: Utf8;
  readonly limits: WireLimits;
  readonly nodeName: string;
  /** Requests, and publishes, that one connection may have unanswered. */
  readonly asksMax: number;
  /** The connection's number, which no other participant of topics has. */
  readonly link: number;
  readonly subject: Subject;
  readonly policy: Policy;
  readonly topics: Topics;
  readonly topicsLimits: TopicsLimits;
  /** Tells messages to all connections of this protocol. */
  teller(): JsonMessageTeller;
  /** Sends one frame, at once; answers how many bytes now wait to leave. If these are more than 2 MiB, it is told when they have left. */
  send(frame: Uint8Array): number;
  /** Writes what the node publishes for its clients. */
  messages(): MessageWriter;
  /** The wall clock in ms since 1970, for people to read. */
  wallMs(): number;
}

/** Bytes that wait to leave from which on nothing is taken. */
const transportBytesMax = 2 * 1024 * 1024;
/** Subscriptions of one connection. */
const subscriptionsMax = 1_000;
/** What waits for one of them. */
const bufferMessagesMax = 16_384;
const bufferBytesMax = 4 * 1024 * 1024;
/** What of one of them is on its way. */
const windowBytes = 256 * 1024;
/** Bytes of publishes that wait because a subscription wants its publishers to. */
const heldBytesMax = 16 * 1024 * 1024;

interface Subscribed {
  readonly id: string;
  /** Whether it has been told what it wanted of the backlog. */
  isLive: boolean;
  /** Messages that were lost since the last one that it was told. */
  missed: number;
}

export class JsonV1Topics implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly address: string | undefined;
  readonly #host: JsonV1TopicsHost;
  readonly #numbers = new Map<string, number>();
  readonly #subscribed = new Map<number, Subscribed>();
  #lastNumber = 0;
  /** Bytes of each that have not left. (P4) */
  #untaken = new Map<number, number>();
  /** Publishes that wait. */
  #heldCount = 0;
  #heldBytes = 0;
  /** Bytes of the message that is being published. */
  #inHand = 0;
  /** The client has published or subscribed: it speaks the protocol. */
  isKnown = false;

  constructor(host: JsonV1TopicsHost) {
    this.#host = host;
    this.id = host.link;
    this.address = addressOf(host.subject);
  }

  /** Publishes that wait for their answer. */
  get size(): number {
    return this.#heldCount;
  }

  /** Does what message `u` asks for. */
  take(u: string, ask: TopicAsk | MpregError, nowMs: number): void {
    if (ask instanceof MpregError) return this.#answer(u, ask);
    try {
      switch (ask.kind) {
        case "publish":
          return this.#publish(u, ask.message, nowMs);
        case "subscribe":
          return this.#subscribe(u, ask, nowMs);
        case "unsubscribe":
          return this.#unsubscribe(u, ask.id, nowMs);
      }
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#answer(u, error);
    }
  }

  /** All that waited to leave has left. */
  writable(nowMs: number): void {
    const untaken = this.#untaken;
    if (untaken.size === 0) return;
    this.#untaken = new Map(); // what is told now may have to wait again
    const { exchange } = this.#host.topics;
    for (const [number, bytes] of untaken) exchange.taken(this.id, number, bytes, nowMs);
  }

  /** The connection is gone. (P5) */
  closed(nowMs: number): void {
    this.#numbers.clear();
    this.#subscribed.clear();
    this.#untaken.clear();
    this.#host.topics.closed(this.id, nowMs);
  }

  authorize(topic: string): void {
    authorizePublish(this.#host.policy, this.#host.subject, topic);
  }

  deliver(numbers: readonly number[], count: number, message: Uint8Array): boolean {
    const { topics, utf8 } = this.#host;
    const told = this.#host.teller().tell(message);
    for (let at = 0; at < count; at++) {
      const number = numbers[at] as number;
      const subscribed = this.#known(number);
      const waitingBytes = this.#host.send(utf8.encode(notification(told, subscribed)));
      subscribed.missed = 0;
      if (waitingBytes <= transportBytesMax) topics.takenAtOnce(this.id, number, message.length);
      else this.#untaken.set(number, (this.#untaken.get(number) ?? 0) + message.length);
    }
    return true;
  }

  replayed(number: number): void {
    this.#known(number).isLive = true;
  }

  missed(number: number, count: number): void {
    this.#known(number).missed += count;
  }

  ended(): void {
    throw new AssertionError("a subscription that drops its oldest messages is not ended by the node");
  }

  refused(): void {
    throw new AssertionError("every publish of this protocol is answered");
  }

  hold(): number {
    this.#heldCount += 1;
    this.#heldBytes += this.#inHand;
    return this.#inHand;
  }

  admit(held: number): void {
    this.#heldCount -= 1;
    this.#heldBytes -= held;
  }

  /**
   * Publishes what a request of the client has led to, which may publish to `topic`. `refused` is told why not where that is known
   * later; throws where it is known at once.
   */
  publishFor(topic: string, payload: unknown, refused: (error: MpregError) => void, nowMs: number): void {
    const { codec, utf8, topics } = this.#host;
    const isOfCluster = isReserved(topic);
    if (isOfCluster && !topics.isWanted(topic, false)) return;
    this.#checkRoom();
    const writer = new Writer(utf8);
    this.#host.messages().writePlain(writer, topic, this.#host.wallMs(), codec.encode(payload, "the payload"));
    const message = writer.take();
    this.#checkSize(message);
    if (isOfCluster) {
      this.authorize(topic);
      return topics.announce(message, false, nowMs);
    }
    this.#inHand = message.length;
    const settled = (result: object): void => {
      if (result instanceof MpregError) refused(result);
    };
    topics.publish(this, message, settled, nowMs);
  }

  #publish(u: string, fields: Readonly<Record<string, unknown>>, nowMs: number): void {
    const { codec, utf8, topics } = this.#host;
    this.#checkRoom();
    const head = headOf(fields, this.#host.wallMs());
    const { payload = null } = fields;
    const writer = new Writer(utf8);
    writeTopicMessage(writer, head, codec.encode(payload, "message.payload"));
    const message = writer.take();
    this.#checkSize(message);
    this.#inHand = message.length;
    const settled = (result: object): void => {
      this.#answer(u, result instanceof MpregError ? result : undefined); // (P3)
    };
    topics.publish(this, message, settled, nowMs);
  }

  #checkRoom(): void {
    if (this.#heldCount < this.#host.asksMax && this.#heldBytes <= heldBytesMax) return;
    const reason = `Cannot publish: ${this.#heldCount} publishes of this connection wait already, as a subscription wants them to`;
    throw new MpregError("overloaded", reason);
  }

  #checkSize({ length }: Uint8Array): void {
    const { messageBytesMax } = this.#host.limits;
    if (length <= messageBytesMax) return;
    throw new MpregError("too-large", `Cannot publish a message of ${length} bytes; the limit is ${messageBytesMax}`);
  }

  #subscribe(u: string, { id, patterns, replay }: Extract<TopicAsk, { kind: "subscribe" }>, nowMs: number): void {
    const { policy, subject, topics, topicsLimits } = this.#host;
    if (this.#numbers.has(id)) throw invalid(`This connection has a subscription ${JSON.stringify(id)} already`);
    if (this.#numbers.size >= subscriptionsMax) {
      const reason = `Cannot subscribe: this connection has ${subscriptionsMax} subscriptions, which is its limit`;
      throw new MpregError("overloaded", reason);
    }
    authorizeSubscribe(policy, subject, patterns);
    const number = ++this.#lastNumber;
    const wish = {
      patterns,
      replay,
      overflow: "drop-oldest",
      bufferMessagesMax: Math.min(bufferMessagesMax, topicsLimits.bufferMessagesMax),
      bufferBytesMax: Math.min(bufferBytesMax, topicsLimits.bufferBytesMax),
      windowBytes: Math.min(windowBytes, topicsLimits.outletWindowBytes),
    } as const;
    topics.subscribe(this, number, wish, nowMs);
    this.#numbers.set(id, number);
    this.#subscribed.set(number, { id, isLive: replay === undefined, missed: 0 });
    this.#answer(u, undefined); // (P2)
    topics.drain(this, nowMs);
  }

  #unsubscribe(u: string, id: string, nowMs: number): void {
    const number = this.#numbers.get(id);
    if (number === undefined) throw invalid(`This connection has no subscription ${JSON.stringify(id)}`); // (P1)
    this.#numbers.delete(id);
    this.#subscribed.delete(number);
    this.#untaken.delete(number);
    this.#host.topics.exchange.unsubscribe(this.id, number, nowMs);
    this.#answer(u, undefined);
  }

  #known(number: number): Subscribed {
    const subscribed = this.#subscribed.get(number);
    if (subscribed === undefined) throw new AssertionError(`topics tell of subscription ${number}, which is over`);
    return subscribed;
  }

  #answer(u: string, error: MpregError | undefined): void {
    if (error === undefined) this.isKnown = true;
    this.#host.send(this.#host.utf8.encode(topicsReply(u, error?.at({ node: this.#host.nodeName }))));
  }
}
