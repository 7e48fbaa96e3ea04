/**
 * Door: clients that speak MQTT 3.1.1, in front of the node's topics.
 *
 * Owns who is let in, and the broker library with what it is told (its own emitter and persistence: `broker-parts.ts`). One client
 * is `session.ts`; where they come in is `listen.ts`, and over WebSocket the node's own port.
 *
 * (D1) Who connects is a client to the node's policy, as one that comes over a link is, with what it says of itself.
 * (D2) A message is acknowledged when the node has taken it. One that it does not take ends the connection: MQTT 3.1.1 has no
 *      other word for it.
 * (D3) Nothing is kept for who is not there: a session that is to outlast its connection is refused.
 * (D4) A door that drains lets nobody in, and ends its side of a connection when all that waited for the client has gone out. The
 *      client's side ends itself, with what it has sent until then; its will is published, since it has not said goodbye.
 */
import type { MqttLogin, Subject } from "@mpreg/core/base";
import { MpregError, thrownText } from "@mpreg/core/base";
import { topicOfMqtt } from "@mpreg/core/doors";
import { MessageOpener, MessageWriter } from "@mpreg/core/topics";
import type { Codec } from "@mpreg/core/values";
import { Writer } from "@mpreg/core/wire";
import { Aedes, type AuthenticateError, type Client } from "aedes";
import { systemRandom, utf8 } from "../capabilities.js";
import type { Driver } from "../driver.js";
import type { Gate } from "../transports/gate.js";
import { persistence, silentEmitter } from "./broker-parts.js";
import type { MqttEvents } from "./events.js";
import type { MqttFigures } from "./figures.js";
import type { DoorHost } from "./host.js";
import type { ResolvedMqtt } from "./options.js";
import { MqttSession } from "./session.js";
import { MqttStream, type OpenMqtt } from "./stream.js";

export interface DoorOptions {
  readonly driver: Driver;
  readonly codec: Codec;
  readonly gate: Gate;
  readonly events: MqttEvents;
  readonly mqtt: ResolvedMqtt;
  readonly cluster: string;
  readonly messageBytesMax: number;
  readonly handshakeTimeoutMs: number;
}

/** What a client wants, as its CONNECT says. */
interface Wish {
  readonly clean: boolean;
  readonly willTopic: string | undefined;
}

/** Return codes of CONNACK (MQTT 3.1.1 §3.2.2.3). */
const identifierRejected = 2;
const serverUnavailable = 3;
const notAuthorized = 5;

const clientIdCharsMax = 1_024;
/** Of a packet, what is not payload: its head, topic and identifier. */
const packetHeadBytes = 8 * 1024;
/** The longest that a timer can be set for. The library ends clients that do not read after a time; here their buffers do that. */
const forEverMs = 2 ** 31 - 1;

export class MqttDoor {
  readonly #options: DoorOptions;
  readonly #host: DoorHost;
  readonly #broker: Aedes;
  readonly #wishes = new WeakMap<Client, Wish>();
  readonly #sessions = new Map<Client, MqttSession>();
  /** Every connection, also of those that were not let in. */
  readonly #streams = new Set<MqttStream>();
  /** Clients whose failure was told: what they were to get fails with them, each message by itself. */
  readonly #failed = new WeakSet<Client>();
  /** Is told when the last client has gone. (D4) */
  #onEmpty: (() => void) | undefined;
  #isDraining = false;
  #isClosed = false;

  private constructor(options: DoorOptions) {
    const { driver, codec, events, mqtt, messageBytesMax } = options;
    this.#options = options;
    const messages = new MessageWriter(systemRandom, utf8);
    this.#host = {
      driver,
      codec,
      events,
      mqtt,
      messageBytesMax,
      policy: driver.machine.policy,
      opener: new MessageOpener(codec, utf8),
      writeMessage: (topic, headers, payload) => {
        const writer = new Writer(utf8);
        messages.write(writer, topic, Date.now(), { headers }, payload);
        return writer.take();
      },
    };
    this.#broker = this.#newBroker();
  }

  static async start(options: DoorOptions): Promise<MqttDoor> {
    const door = new MqttDoor(options);
    await door.#broker.listen();
    return door;
  }

  /** Somebody has opened a connection. */
  accept(opened: OpenMqtt): void {
    const stream = new MqttStream(opened, this.#options.gate);
    if (this.#isClosed) {
      stream.destroy();
      return;
    }
    const client = this.#broker.handle(stream);
    this.#streams.add(stream);
    stream.once("close", () => {
      this.#streams.delete(stream);
      // the library publishes the client's will first
      setImmediate(() => {
        this.#ended(client);
      });
    });
  }

  get figures(): MqttFigures {
    let subscriptions = 0;
    for (const session of this.#sessions.values()) subscriptions += session.subscriptions;
    return { ...this.#options.events.counts, connections: this.#sessions.size, subscriptions };
  }

  /** Sends its clients away, and lets nobody in. Resolves when the last has gone, at the latest after `graceMs`. (D4) */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const gone = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(graceMs, forEverMs));
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    for (const [client, session] of this.#sessions) {
      session.finish(() => {
        (client.conn as MqttStream).finish();
      });
    }
    this.#lookEmpty();
    await gone;
  }

  /** Disconnects everybody, whose wills are published. */
  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => {
      this.#broker.close(() => {
        for (const stream of this.#streams) stream.destroy(); // the library knows only whom it has let in
        for (const client of this.#sessions.keys()) this.#ended(client);
        this.#options.events.flush();
        resolve();
      });
    });
  }

  #newBroker(): Aedes {
    const broker = new Aedes({
      mq: silentEmitter,
      persistence: persistence<Client>({
        acknowledged: (client, messageId) => this.#sessions.get(client)?.acknowledged(messageId),
        received: (client) => this.#sessions.get(client)?.received,
      }),
      connectTimeout: this.#options.handshakeTimeoutMs,
      drainTimeout: forEverMs,
      preConnect: (client, { clean, will }, done) => {
        this.#wishes.set(client, { clean: clean === true, willTopic: will?.topic });
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        const refusal = this.#letIn(client, username, password);
        if (refusal === undefined) return done(null, true);
        done(refusal, null);
      },
      authorizePublish: (client, { topic, payload, qos, retain, messageId }, done) => {
        const session = client === null ? undefined : this.#sessions.get(client);
        if (session === undefined) return done(new Error("the client is gone"));
        // told once more: it was taken the first time
        if (qos === 2 && messageId !== undefined && session.received.has(messageId)) return done(null);
        const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
        if (client?.closed === true) session.publishWill(topic, bytes, retain, done);
        else session.publish(topic, bytes, retain, done); // (D2)
      },
      authorizeSubscribe: (client, subscription, done) => {
        const session = this.#sessions.get(client);
        if (session === undefined) return done(new Error("the client is gone"));
        const qos = subscription.qos === 0 ? 0 : 1;
        session.subscribe(subscription.topic, qos, (granted) => {
          done(null, granted ? { ...subscription, qos } : null);
        });
      },
      authorizeForward: (client, packet) => {
        const messageId = this.#sessions.get(client)?.messageId;
        if (packet.qos > 0 && messageId !== undefined) packet.messageId = messageId;
        return packet;
      },
    });
    broker.on("unsubscribe", (filters, client) => {
      for (const filter of filters) this.#sessions.get(client)?.unsubscribe(filter);
    });
    broker.on("clientError", (client, error) => {
      if (!(error instanceof MpregError)) this.#tellFailed(client, error); // those were told already
    });
    broker.on("connectionError", (client, error) => {
      this.#tellFailed(client, error);
    });
    return broker;
  }

  /** Lets a client in; answers why not. (D1) */
  #letIn(
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
  ): AuthenticateError | undefined {
    const stream = client.conn as MqttStream;
    const { address } = stream;
    const clientId = client.id;
    const refuse = (returnCode: number, reason: string): AuthenticateError => {
      this.#options.events.refused({ clientId, address }, "connect", reason);
      const error: Error = Object.assign(new Error(reason), { returnCode });
      return error as AuthenticateError; // its codes are an enum of declarations only
    };
    if (this.#isDraining) return refuse(serverUnavailable, "the node is draining: connect to another one"); // (D4)
    if (stream.destroyed) return new Error("the connection is closed") as AuthenticateError; // a session would never end
    const { clean, willTopic } = this.#wishes.get(client) ?? { clean: false, willTopic: undefined };
    if (!clean) {
      const why =
        "it wants a session that outlasts its connection, and this door keeps none: connect with a clean session"; // (D3)
      return refuse(identifierRejected, why);
    }
    if (clientId.length > clientIdCharsMax) {
      return refuse(identifierRejected, `its identifier has more than ${clientIdCharsMax} characters`);
    }
    const login: MqttLogin = {
      door: "mqtt",
      clientId,
      username,
      password: password === undefined ? undefined : Uint8Array.from(password),
    };
    const subject: Subject = { kind: "client", address, credentials: undefined, via: undefined, login };
    const { cluster } = this.#options;
    const decision = this.#host.policy(subject, { kind: "accept", role: "client", cluster });
    if (!decision.allow) return refuse(notAuthorized, decision.reason);
    try {
      if (willTopic !== undefined) topicOfMqtt(willTopic);
    } catch (error) {
      return refuse(notAuthorized, `its will: ${thrownText(error)}`);
    }
    this.#sessions.set(client, new MqttSession(client, address, subject, this.#host));
    stream.known(this.#options.messageBytesMax + packetHeadBytes);
    return undefined;
  }

  #ended(client: Client): void {
    this.#sessions.get(client)?.end();
    this.#sessions.delete(client);
    this.#lookEmpty();
  }

  #lookEmpty(): void {
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  #tellFailed(client: Client, error: Error): void {
    if (this.#failed.has(client)) return;
    this.#failed.add(client);
    const { address } = client.conn as MqttStream;
    this.#options.events.failed({ clientId: client.id, address }, error);
  }
}
