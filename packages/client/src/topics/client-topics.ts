/**
 * Client topics: the subscriptions of a client, by the numbers under which nodes know them, and what it publishes.
 *
 * (G1) A number is used once: what comes late for one that is over means nothing.
 * (G2) What was taken is told once in a turn of the event loop at most, when it is a quarter of the window or when it has
 *      waited for `toldMs`: a node that has room need not know at once, and one that has none is told in time.
 * (G3) Over each connection all subscriptions are asked for that were open.
 */
import { MpregError } from "@mpreg/core/base";
import {
  Alarm,
  Publishing,
  Requests,
  type SubscribeOptions,
  type SubscriptionHost,
  TopicSubscription,
  cancelled,
  replayOf,
  wishOf,
} from "@mpreg/core/program";
import type { Asker, CancelSignal } from "@mpreg/core/rpc";
import { IdMap, onAbort } from "@mpreg/core/structures";
import { MessageOpener, MessageWriter } from "@mpreg/core/topics";
import type { Codec } from "@mpreg/core/values";
import { type Message, writeEverywhere, writeSubscribe, writeTaken, writeUnsubscribe } from "@mpreg/core/wire";
import type { Connection } from "../connection.js";
import { neverConnected } from "../failures.js";
import type { LineLimits } from "../line.js";
import type { TopicAsk } from "../pending.js";
import type { Platform } from "../platform.js";
import type { ClientStatus } from "../status.js";
import { patienceMs } from "../times.js";
import { ConnectionWay } from "./connection-way.js";

/** How long what was taken may wait to be told. (G2) */
const toldMs = 10;

export interface ClientTopicsHost {
  readonly codec: Codec;
  /** There will be another connection when this one is lost. */
  readonly reconnects: boolean;
  /** What may wait to be published. */
  readonly line: LineLimits;
  /** Asks, or tells the asker why nothing is asked any more. */
  ask(ask: TopicAsk, asker: Asker): number;
  withdraw(ask: number): void;
  tell(event: ClientStatus): void;
}

type ClientSubscription = TopicSubscription<Connection>;

export class ClientTopics implements SubscriptionHost<Connection> {
  readonly opener: MessageOpener;
  readonly reconnects: boolean;
  readonly publishing: Publishing;
  readonly requests: Requests;
  readonly #host: ClientTopicsHost;
  readonly clock: Platform;
  readonly #writer: MessageWriter;
  /** What was published over each connection that is there. */
  readonly #ways = new Map<Connection, ConnectionWay>();
  readonly #subscriptions = new IdMap<ClientSubscription>();
  readonly #alarm: Alarm;
  #connection: Connection | undefined;
  #lastNumber = 0;
  /** Those that have something to tell as taken: in this turn, and a little later. */
  #toTell: ClientSubscription[] = [];
  #late: ClientSubscription[] = [];

  constructor(platform: Platform, host: ClientTopicsHost) {
    this.clock = platform;
    this.#host = host;
    this.#writer = new MessageWriter(platform.random, platform.utf8);
    this.reconnects = host.reconnects;
    this.opener = new MessageOpener(host.codec, platform.utf8, platform.smallMemory?.());
    const { asksMax: messagesMax, bytesMax } = host.line;
    this.publishing = new Publishing({
      codec: host.codec,
      clock: platform,
      limits: { messagesMax, bytesMax, options: "queueMax and queueBytesMax of connect" },
      patienceMs,
      unreached: () => neverConnected(patienceMs),
    });
    this.requests = new Requests(this);
    this.#alarm = new Alarm(platform, () => {
      for (const subscription of this.#late) this.#tell(subscription);
      this.#late = [];
    });
  }

  /** A text that no other client has. */
  get prefix(): string {
    return this.#writer.prefix;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#subscriptions.size;
  }

  nowMs(): number {
    return this.clock.now();
  }

  async subscribe(patterns: unknown, options: SubscribeOptions = {}): Promise<ClientSubscription> {
    const wish = wishOf(patterns, options, this.clock.utf8);
    const replay = replayOf(options.backlog);
    const { signal, timeoutMs = 0, onMessage } = options;
    if (signal?.aborted === true) throw cancelled(signal, "not-applied");
    this.#lastNumber += 1; // (G1)
    const subscription = new TopicSubscription(this, this.#lastNumber, wish, replay, onMessage);
    this.#subscriptions.set(subscription.number, subscription);
    await subscription.begin(timeoutMs, signal);
    return subscription;
  }

  /** `connection` is asked from now on; {@link resume} follows. */
  take(connection: Connection): void {
    this.#connection = connection;
  }

  /** What was open over another connection goes on over this one. (G3) */
  resume(): void {
    for (const subscription of this.#inOrder()) {
      subscription.moved();
      subscription.resume();
    }
    const connection = this.#connection as Connection;
    const way = new ConnectionWay(connection, {
      platform: this.clock,
      writer: this.#writer,
      ask: (ask, signal) => this.#ask(ask, signal),
    });
    this.#ways.set(connection, way);
    this.publishing.open(way);
  }

  /** Nobody can be asked for the moment. */
  suspend(): void {
    this.publishing.suspend();
  }

  /** Answers whether `message` is one of topics. */
  received(connection: Connection, message: Message): boolean {
    switch (message.kind) {
      case "deliver": {
        const { numbers, message: bytes } = message;
        const nowMs = connection.heardMs;
        for (const number of numbers) this.#subscriptions.get(number)?.delivered(connection, bytes, nowMs);
        return true;
      }
      case "missed":
        this.#subscriptions.get(message.number)?.wasMissed(connection, message.count);
        return true;
      case "subscription-ended":
        this.#subscriptions.get(message.number)?.wasEnded(connection, message.why, message.lost);
        return true;
      case "publish-refused":
        this.#host.tell({ kind: "publish-refused", id: message.messageId, error: message.error });
        return true;
      default:
        return false;
    }
  }

  lost(connection: Connection): void {
    for (const subscription of this.#inOrder()) {
      subscription.lost(connection);
      if (this.#connection !== undefined && this.#connection !== connection) subscription.resume(); // (G3)
    }
    if (this.#connection === connection) {
      this.publishing.suspend();
      this.#connection = undefined;
    }
    this.#lostWay(connection);
  }

  #lostWay(connection: Connection): void {
    const count = this.#ways.get(connection)?.unknown ?? 0;
    this.#ways.delete(connection);
    if (count > 0) this.#host.tell({ kind: "publishes-lost", url: connection.url, count });
  }

  /** Nothing is asked any more: because of `error`, or because the program has closed the client. */
  end(error: MpregError, isClosed: boolean): void {
    this.#alarm.clear();
    this.publishing.end(error);
    for (const [connection, way] of this.#ways) {
      if (way.isFlushed) this.#ways.delete(connection);
      else this.#lostWay(connection);
    }
    this.requests.end(error);
    for (const subscription of this.#inOrder()) subscription.clientEnded(isClosed ? undefined : error);
  }

  #ask(ask: TopicAsk, signal: CancelSignal | undefined, told?: (answer: unknown) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) throw cancelled(signal, "not-applied");
      const listening: { stop?: () => void; isOver?: true } = {};
      const ended = (): void => {
        listening.isOver = true;
        listening.stop?.();
      };
      const failed = (error: MpregError): void => {
        ended();
        reject(error);
      };
      const unexpected = (): void => {
        failed(new MpregError("malformed", "The node has answered with something else", { outcome: "unknown" }));
      };
      const answered: Asker["answered"] = (value) => {
        if (!(value instanceof Uint8Array)) return unexpected();
        try {
          const answer = this.#host.codec.decode(value);
          told?.(answer);
          resolve(answer);
          ended();
        } catch (cause) {
          failed(new MpregError("malformed", "The answer cannot be read", { outcome: "applied", cause }));
        }
      };
      const id = this.#host.ask(ask, { answered, results: unexpected, failed });
      if (signal === undefined || listening.isOver === true) return;
      listening.stop = onAbort(signal, () => {
        this.#host.withdraw(id);
        reject(cancelled(signal, "unknown"));
      });
    });
  }

  ask(subscription: ClientSubscription, timeoutMs: number, signal: CancelSignal | undefined): Promise<unknown> {
    const write: TopicAsk["write"] = (writer, id) => {
      writeSubscribe(writer, { ...subscription.asked(this.#connection), id });
    };
    return this.#ask({ kind: "topic", isOnce: false, timeoutMs, bytes: 256, write }, signal, (answer) => {
      subscription.served(answer);
      const { connection } = subscription;
      if (this.#connection === undefined || connection === undefined || connection === this.#connection) return;
      subscription.moved(); // it was asked for before there was another connection (G3)
      subscription.resume();
    });
  }

  everywhere(number: number, timeoutMs: number, signal: CancelSignal | undefined): Promise<unknown> {
    const write: TopicAsk["write"] = (writer, id) => {
      writeEverywhere(writer, id, number);
    };
    return this.#ask({ kind: "topic", isOnce: true, timeoutMs, bytes: 0, write }, signal);
  }

  /** What the node answers now comes behind all that it has sent: that it is over, or that it has no such subscription any more. */
  drain({ open, outbox }: Connection, number: number): Promise<unknown> {
    if (open) {
      writeUnsubscribe(outbox.writer, number, true);
      outbox.commitCancel();
    }
    return this.everywhere(number, 0, undefined).catch((error: unknown) => {
      if (!(error instanceof MpregError) || error.code !== "invalid-argument") throw error;
    });
  }

  leave({ open, outbox }: Connection, number: number): void {
    if (!open) return;
    writeUnsubscribe(outbox.writer, number);
    outbox.commitCancel();
  }

  tell(event: ClientStatus): void {
    this.#host.tell(event);
  }

  hasTaken(subscription: ClientSubscription): void {
    subscription.telling = "now";
    if (this.#toTell.length === 0) this.clock.endOfTurn(this.#endTurn);
    this.#toTell.push(subscription);
  }

  forget(subscription: ClientSubscription): void {
    this.#subscriptions.take(subscription.number);
  }

  /** (G2) */
  readonly #endTurn = (): void => {
    const toTell = this.#toTell;
    this.#toTell = [];
    for (const subscription of toTell) {
      if (subscription.intake.isPressing) this.#tell(subscription);
      else {
        subscription.telling = "soon";
        this.#late.push(subscription);
      }
    }
    if (this.#late.length > 0) this.#alarm.set(this.clock.now() + toldMs);
  };

  #tell(subscription: ClientSubscription): void {
    subscription.telling = undefined;
    const bytes = subscription.intake.takeUntold();
    const { connection } = subscription;
    if (bytes === 0 || subscription.isOver || connection?.open !== true) return;
    writeTaken(connection.outbox.writer, subscription.number, bytes);
    connection.outbox.commitControl();
  }

  /** In the order in which they were asked for. */
  #inOrder(): ClientSubscription[] {
    return this.#subscriptions.values().sort((a, b) => a.number - b.number);
  }
}
