/**
 * Session: one MQTT client, as a participant of the node's topics.
 *
 * It has a subscription of the exchange for each filter, so a client that does not read fills its own buffers and nobody else's.
 * The protocol is the broker library's business; which topic a name stands for is `core/doors/mqtt-topics.ts`.
 *
 * (S1) A message counts as taken when the socket has room again (QoS 0), or the client has acknowledged it (QoS 1): never before.
 * (S2) At most `sendingMax` messages are in the library's hands, and `inflightMax` not acknowledged; the others wait here, as bytes
 *      that their subscription's window bounds.
 * (S3) A message comes once, however many filters match it, with the highest QoS that one of them was granted.
 * (S4) What of the backlog was published as retained comes with that flag when a filter is subscribed; what comes later without it.
 * (S5) What has no form in MQTT, its topic or its payload, is missed, and counted.
 * (S6) A client that is sent away has got everything that waited for it, here and in the exchange: that hands on what it has when
 *      what came before is taken.
 */
import { MpregError, type Subject, thrownText } from "@mpreg/core/base";
import { isHiddenFrom, mqttOfTopic, patternOfMqtt, topicOfMqtt } from "@mpreg/core/doors";
import { Fifo } from "@mpreg/core/structures";
import { type Participant, type SubscriptionEnd, authorizePublish, authorizeSubscribe } from "@mpreg/core/topics";
import type { Client } from "aedes";
import type { DoorHost } from "./host.js";
import { headers, mqttPayload, retainHeader, retainedHeaders } from "./payload.js";
import { executor } from "./will.js";

/** A filter of the client. */
interface Filter {
  readonly number: number;
  readonly filter: string;
  qos: 0 | 1;
  /** It is told what is retained. (S4) */
  isReplaying: boolean;
  /** It is there only for that: the filter is subscribed already. */
  readonly isOnlyReplay: boolean;
}

/** A message on its way to the client. */
interface Outgoing {
  readonly numbers: readonly number[];
  readonly message: Uint8Array;
  readonly name: string;
  readonly wanting: readonly Filter[];
  readonly retain: boolean;
}

/** The bytes of a subscription that are on their way. */
const windowBytes = 256 * 1024;
const sendingMax = 256;
const messageIdMax = 0xffff;

export class MqttSession implements Participant {
  readonly id: number;
  readonly isCluster = false;
  readonly clientId: string;
  readonly address: string;
  /** Numbers of messages of QoS 2 that have come and were not released. */
  readonly received: Set<number> = new Set();
  /** The number of the message that is handed to the library. */
  messageId = 0;
  readonly #client: Client;
  readonly #subject: Subject;
  readonly #host: DoorHost;
  readonly #byFilter = new Map<string, Filter>();
  readonly #byNumber = new Map<number, Filter>();
  #waiting = new Fifo<Outgoing>();
  /** Not acknowledged, by number. */
  readonly #inflight = new Map<number, Outgoing>();
  #sending = 0;
  #lastNumber = 0;
  #isPumping = false;
  /** Is told once when nothing waits. (S6) */
  #onIdle: (() => void) | undefined;
  #isOver = false;

  constructor(client: Client, address: string, subject: Subject, host: DoorHost) {
    this.id = host.driver.participantId();
    this.clientId = client.id;
    this.address = address;
    this.#client = client;
    this.#subject = subject;
    this.#host = host;
  }

  /** Its filters. */
  get subscriptions(): number {
    return this.#byFilter.size;
  }

  /** Publishes what the client has sent; `done` is told when the node has taken it, or why it has not. */
  publish(
    name: string,
    payload: Uint8Array,
    retain: boolean,
    done: (error: Error | null) => void,
    participant: Participant = this,
  ): void {
    const { driver, codec, writeMessage, messageBytesMax } = this.#host;
    if (this.#isOver) return done(new Error("the connection is closed"));
    let message: Uint8Array;
    try {
      const topic = topicOfMqtt(name);
      const encoded = codec.encode(payload, "payload");
      message = writeMessage(topic, retain ? retainedHeaders : headers, encoded);
      if (message.length > messageBytesMax) {
        const limit = `the limit is ${messageBytesMax} (limits.messageBytesMax)`;
        throw new MpregError(
          "too-large",
          `Cannot publish to "${topic}": the message has ${message.length} bytes; ${limit}`,
        );
      }
    } catch (error) {
      return this.#refuse(error, done);
    }
    driver.enter({
      kind: "publish",
      participant,
      message,
      settled: (result) => {
        if (result instanceof MpregError) return this.#refuse(result, done);
        this.#host.events.counts.received += 1;
        done(null);
      },
    });
  }

  /** Publishes the client's will, which waits for nothing that the client had published. */
  publishWill(name: string, payload: Uint8Array, retain: boolean, done: (error: Error | null) => void): void {
    const { driver } = this.#host;
    const participant = executor(driver.participantId(), (topic) => {
      this.authorize(topic);
    });
    const parted = (error: Error | null): void => {
      driver.enter({ kind: "part", participant });
      done(error);
    };
    this.publish(name, payload, retain, parted, participant);
  }

  /** Subscribes to `filter`; `done` is told whether it has it. */
  subscribe(filter: string, qos: 0 | 1, done: (granted: boolean) => void): void {
    const { driver, events, policy, mqtt } = this.#host;
    const { subscriptionsMax, bufferMessagesMax, bufferBytesMax, overflow } = mqtt;
    const refused = (error: unknown): void => {
      events.refused(this, "subscribe", thrownText(error));
      done(false);
    };
    const known = this.#byFilter.get(filter);
    let pattern: string;
    try {
      pattern = patternOfMqtt(filter);
      authorizeSubscribe(policy, this.#subject, [pattern]);
      if (known === undefined && this.#byFilter.size >= subscriptionsMax) {
        const limit = `the limit is ${subscriptionsMax} (mqtt.subscriptionsMax)`;
        throw new MpregError("overloaded", `Cannot subscribe to "${filter}": too many filters; ${limit}`);
      }
    } catch (error) {
      return refused(error);
    }
    if (known !== undefined) known.qos = qos;
    const number = ++this.#lastNumber;
    const entry: Filter = { number, filter, qos, isReplaying: true, isOnlyReplay: known !== undefined };
    this.#byNumber.set(number, entry);
    if (known === undefined) this.#byFilter.set(filter, entry);
    const replay = { kind: "last", filter: { match: "all", headers: { [retainHeader]: true } } } as const; // (S4)
    const wish = { patterns: [pattern], replay, overflow, bufferMessagesMax, bufferBytesMax, windowBytes };
    driver.enter({
      kind: "subscribe",
      participant: this,
      number,
      wish,
      done: (error) => {
        if (error === undefined) return done(true);
        this.#byNumber.delete(number);
        if (known === undefined) this.#byFilter.delete(filter);
        refused(error);
      },
    });
  }

  unsubscribe(filter: string): void {
    const entry = this.#byFilter.get(filter);
    if (entry === undefined) return;
    this.#byFilter.delete(filter);
    for (const each of this.#byNumber.values()) if (each.filter === filter) this.#forget(each);
  }

  /** The client has acknowledged a message. */
  acknowledged(messageId: number): void {
    const outgoing = this.#inflight.get(messageId);
    if (outgoing === undefined) return;
    this.#inflight.delete(messageId);
    this.#taken(outgoing.numbers, outgoing.message.length);
    this.#pumpSoon();
  }

  /** Calls `onIdle` once the client has got all that waits for it; nothing comes after that. (S6) */
  finish(onIdle: () => void): void {
    this.#onIdle = onIdle;
    this.#pumpSoon();
  }

  /** The client is gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#host.events.counts.lost.gone += this.#waiting.size + this.#inflight.size;
    this.#inflight.clear();
    this.#waiting = new Fifo();
    this.#host.driver.enter({ kind: "part", participant: this });
  }

  authorize(topic: string): void {
    authorizePublish(this.#host.policy, this.#subject, topic);
  }

  deliver(numbers: readonly number[], count: number, message: Uint8Array): boolean {
    const body = message.slice();
    const all = numbers.slice(0, count);
    const name = mqttOfTopic(this.#host.opener.open(body).topic);
    const wanting = all
      .map((number) => this.#byNumber.get(number))
      .filter((each) => each !== undefined && !(each.isOnlyReplay && !each.isReplaying))
      .filter((each) => name === undefined || !isHiddenFrom((each as Filter).filter, name)) as Filter[];
    if (name === undefined && wanting.length > 0) this.#host.events.missed(this, 1, "unsendable"); // (S5)
    if (name === undefined || wanting.length === 0) this.#taken(all, body.length);
    else {
      const retain = wanting.every(({ isReplaying }) => isReplaying); // (S4)
      this.#waiting.push({ numbers: all, message: body, name, wanting, retain }); // (S3)
    }
    this.#pumpSoon();
    return true;
  }

  replayed(number: number): void {
    const entry = this.#byNumber.get(number);
    if (entry === undefined) return;
    entry.isReplaying = false;
    if (entry.isOnlyReplay) this.#forget(entry);
  }

  missed(_number: number, count: number): void {
    this.#host.events.missed(this, count, "slow");
  }

  ended(number: number, why: SubscriptionEnd, lost: number): void {
    const entry = this.#byNumber.get(number);
    this.#byNumber.delete(number);
    const reason = `its subscription to "${entry?.filter ?? ""}" has ended (${why}), and ${lost} messages are lost`;
    this.#host.events.counts.lost.slow += lost;
    this.#host.events.ended(this, reason);
    setImmediate(() => {
      this.#client.close();
    });
  }

  refused(): void {
    // each of its publishes is answered
  }

  hold(): number {
    return 0; // the library reads no more of a client before what it has read was taken
  }

  admit(): void {
    // nothing was held
  }

  /** The library takes the lower QoS where the name itself is a filter, too: so it is not waited for what never comes. */
  #qosOf({ name, wanting }: Outgoing): 0 | 1 {
    if (this.#byFilter.get(name)?.qos === 0) return 0;
    return wanting.some(({ qos }) => qos === 1) ? 1 : 0;
  }

  #refuse(error: unknown, done: (error: Error) => void): void {
    this.#host.events.refused(this, "publish", thrownText(error));
    done(error as Error);
  }

  #forget({ number }: Filter): void {
    this.#byNumber.delete(number);
    this.#host.driver.enter({ kind: "unsubscribe", participant: this, number });
  }

  /** (S1) */
  #taken(numbers: readonly number[], bytes: number): void {
    if (this.#isOver) return;
    for (const number of numbers) this.#host.driver.enter({ kind: "taken", participant: this, number, bytes });
  }

  #pumpSoon(): void {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  /** (S2) */
  #pump(): void {
    while (!this.#isOver && this.#sending < sendingMax) {
      const next = this.#waiting.first;
      if (next === undefined) return this.#idle();
      const qos = this.#qosOf(next);
      if (qos === 1 && this.#inflight.size >= this.#host.mqtt.inflightMax) return;
      this.#waiting.shift();
      this.#send(next, qos);
    }
  }

  /** (S6) */
  #idle(): void {
    const onIdle = this.#onIdle;
    if (onIdle === undefined || this.#sending > 0 || this.#inflight.size > 0) return;
    this.#onIdle = undefined;
    for (const entry of [...this.#byNumber.values()]) this.#forget(entry);
    onIdle();
  }

  #send(outgoing: Outgoing, qos: 0 | 1): void {
    const { numbers, message, name, retain } = outgoing;
    const { opener, codec, messageBytesMax, events } = this.#host;
    const taken = (): void => {
      this.#taken(numbers, message.length);
    };
    let payload: Buffer;
    try {
      payload = mqttPayload(codec.decode(opener.open(message).payload), messageBytesMax);
    } catch (error) {
      events.unsendable(this, name, thrownText(error)); // (S5)
      return taken();
    }
    if (retain && payload.length === 0) return taken(); // its topic has been cleared
    if (qos === 1) {
      this.messageId = this.#freeMessageId();
      this.#inflight.set(this.messageId, outgoing);
    }
    this.#sending += 1;
    events.counts.sent += 1;
    this.#client.publish({ cmd: "publish", topic: name, payload, qos, retain, dup: false }, () => {
      this.#sending -= 1;
      if (qos === 0) taken();
      this.#pumpSoon();
    });
  }

  #freeMessageId(): number {
    let id = this.messageId;
    do id = id === messageIdMax ? 1 : id + 1;
    while (this.#inflight.has(id));
    return id;
  }
}
