/**
 * Client topics: the subscriptions of a client, by the numbers under which nodes know them, and what it publishes.
 *
 * (G1) A number is used once: what comes late for one that is over means nothing.
 * (G2) What was taken is told once in a turn of the event loop at most, when it is a quarter of the window or when it has
 *      waited for `toldMs`: a node that has room need not know at once, and one that has none is told in time.
 * (G3) Over each connection all subscriptions are asked for that were open.
 */
import { MpregError } from "@mpreg/core/base";
import type { Asker, CancelSignal } from "@mpreg/core/rpc";
import { IdMap, onAbort } from "@mpreg/core/structures";
import { MessageOpener } from "@mpreg/core/topics";
import type { Codec } from "@mpreg/core/values";
import { type Message, writeTaken } from "@mpreg/core/wire";
import { Alarm } from "../alarm.js";
import type { Connection } from "../connection.js";
import type { LineLimits } from "../line.js";
import type { TopicAsk } from "../pending.js";
import type { Platform } from "../platform.js";
import type { ClientStatus } from "../status.js";
import type { SubscribeOptions } from "./api.js";
import { replayOf, wishOf } from "./options.js";
import { Publishing } from "./publishing.js";
import { Requests } from "./requests.js";
import { type SubscriptionHost, TopicSubscription } from "./subscription.js";

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

export class ClientTopics implements SubscriptionHost {
  readonly opener: MessageOpener;
  readonly reconnects: boolean;
  readonly publishing: Publishing;
  readonly requests: Requests;
  readonly #host: ClientTopicsHost;
  readonly platform: Platform;
  readonly #subscriptions = new IdMap<TopicSubscription>();
  readonly #alarm: Alarm;
  #connection: Connection | undefined;
  #lastNumber = 0;
  /** Those that have something to tell as taken: in this turn, and a little later. */
  #toTell: TopicSubscription[] = [];
  #late: TopicSubscription[] = [];

  constructor(platform: Platform, host: ClientTopicsHost) {
    this.platform = platform;
    this.#host = host;
    this.reconnects = host.reconnects;
    this.opener = new MessageOpener(host.codec, platform.utf8);
    this.publishing = new Publishing(platform, { ...host, ask: (ask, signal) => this.ask(ask, signal) });
    this.requests = new Requests(this);
    this.#alarm = new Alarm(platform, () => {
      for (const subscription of this.#late) this.#tell(subscription);
      this.#late = [];
    });
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#subscriptions.size;
  }

  nowMs(): number {
    return this.platform.now();
  }

  async subscribe(patterns: unknown, options: SubscribeOptions = {}): Promise<TopicSubscription> {
    const wish = wishOf(patterns, options, this.platform.utf8);
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
    this.publishing.open(this.#connection as Connection);
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
    for (const subscription of this.#inOrder()) subscription.lost(connection);
    this.publishing.lost(connection);
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** Nothing is asked any more: because of `error`, or because the program has closed the client. */
  end(error: MpregError, isClosed: boolean): void {
    this.#alarm.clear();
    this.publishing.end(error);
    this.requests.end(error);
    for (const subscription of this.#inOrder()) subscription.clientEnded(isClosed ? undefined : error);
  }

  ask(ask: TopicAsk, signal: CancelSignal | undefined, told?: (answer: unknown) => void): Promise<unknown> {
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

  tell(event: ClientStatus): void {
    this.#host.tell(event);
  }

  hasTaken(subscription: TopicSubscription): void {
    subscription.telling = "now";
    if (this.#toTell.length === 0) this.platform.endOfTurn(this.#endTurn);
    this.#toTell.push(subscription);
  }

  forget(subscription: TopicSubscription): void {
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
    if (this.#late.length > 0) this.#alarm.set(this.platform.now() + toldMs);
  };

  #tell(subscription: TopicSubscription): void {
    subscription.telling = undefined;
    const bytes = subscription.intake.takeUntold();
    const { connection } = subscription;
    if (bytes === 0 || subscription.isOver || connection?.open !== true) return;
    writeTaken(connection.outbox.writer, subscription.number, bytes);
    connection.outbox.commitControl();
  }

  /** In the order in which they were asked for. */
  #inOrder(): TopicSubscription[] {
    return this.#subscriptions.values().sort((a, b) => a.number - b.number);
  }
}

export function cancelled(signal: CancelSignal, outcome: "not-applied" | "unknown"): MpregError {
  return new MpregError("cancelled", "The caller cancelled", { outcome, cause: signal.reason });
}
