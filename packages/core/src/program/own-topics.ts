/**
 * Own topics: what the program that has made a node publishes and subscribes to there.
 *
 * It is a participant of the node, as the far side of a link is; what a subscription has had and what waits for its loop is
 * `subscription.ts`, as with clients.
 *
 * (G1) A number is used once: what comes late for one that is over means nothing.
 * (G2) What was taken is told once in a turn of the event loop.
 * (G3) What the node tells is heard when it has ended its turn, in the order in which it was told: no callback of the program runs
 *      inside of the node.
 * (G4) The program asks the policy as `self`.
 */
import { MpregError, type Policy, type Subject } from "../base/index.js";
import type { CancelSignal } from "../rpc/index.js";
import { IdMap } from "../structures/index.js";
import {
  type MessageFields,
  MessageOpener,
  type Participant,
  type SubscriptionEnd,
  authorizePublish,
  authorizeSubscribe,
  wishOf as checkedWish,
} from "../topics/index.js";
import type { ByteMemory, Codec } from "../values/index.js";
import type { ResumePlace } from "../wire/index.js";
import type { SubscribeOptions } from "./api.js";
import type { Clock } from "./clock.js";
import { type CheckedPublish, cancelled, replayOf, wishOf } from "./options.js";
import { OwnMessages, OwnPublisher, type OwnPublisherHost } from "./own-publisher.js";
import { type PublishWay, Publishing, type Told, lateAnswer } from "./publishing.js";
import { type AnswerLost, Requests } from "./requests.js";
import { type SubscriptionHost, type SubscriptionWay, TopicSubscription } from "./subscription.js";
import type { ProgramTopics } from "./topic-calls.js";
import { within } from "./within.js";

/** What may wait to be published. */
const messagesMax = 100_000;
const bytesMax = 256 * 1024 * 1024;

export interface OwnTopicsHost extends OwnPublisherHost {
  readonly clock: Clock;
  readonly codec: Codec;
  readonly policy: Policy;
  /** A number that no link and no other participant has. */
  participantId(): number;
  /** Whether there are no other nodes. */
  isAlone(): boolean;
  tell(event: AnswerLost): void;
  /** Memory for what is small, where the platform has some that costs less than arrays of their own. */
  smallMemory?(): ByteMemory;
}

const self: Subject = { kind: "self" };

type Heard =
  | { readonly kind: "message"; readonly numbers: readonly number[]; readonly bytes: Uint8Array }
  | { readonly kind: "missed"; readonly number: number; readonly count: number }
  | { readonly kind: "ended"; readonly number: number; readonly why: SubscriptionEnd; readonly lost: number }
  | { readonly kind: "drained"; readonly number: number };

export class OwnTopics
  implements ProgramTopics, SubscriptionHost<SubscriptionWay>, SubscriptionWay, PublishWay, Participant
{
  readonly id: number;
  readonly isCluster = false;
  readonly opener: MessageOpener;
  readonly reconnects = false;
  readonly place: ResumePlace | undefined = undefined;
  readonly publishing: Publishing;
  readonly requests: Requests;
  readonly clock: OwnTopicsHost["clock"];
  readonly #host: OwnTopicsHost;
  /** For copies of messages. */
  readonly #memory: ByteMemory;
  readonly #messages: OwnMessages;
  readonly #publisher: OwnPublisher;
  readonly #subscriptions = new IdMap<TopicSubscription<SubscriptionWay>>();
  /** Who waits for subscriptions that drain. */
  readonly #draining = new Map<number, () => void>();
  #lastNumber = 0;
  #heard: Heard[] = [];
  #toTell: TopicSubscription<SubscriptionWay>[] = [];
  #over: MpregError | undefined;

  constructor(host: OwnTopicsHost) {
    this.id = host.participantId();
    this.clock = host.clock;
    this.#host = host;
    this.#messages = new OwnMessages(host);
    this.#publisher = new OwnPublisher(host, this, {
      clock: host.clock,
      onRoom: () => {
        this.publishing.advance();
      },
    });
    this.opener = new MessageOpener(host.codec, host.utf8, host.smallMemory?.());
    this.#memory = host.smallMemory?.() ?? ((length) => new Uint8Array(length));
    this.publishing = new Publishing({
      codec: host.codec,
      clock: host.clock,
      limits: { messagesMax, bytesMax, options: `${messagesMax} messages and ${bytesMax} bytes may` },
      patienceMs: Infinity,
      unreached: () => this.#closed(),
    });
    this.publishing.open(this);
    this.requests = new Requests(this);
  }

  /** A text that no other program has. */
  get prefix(): string {
    return this.#messages.prefix;
  }

  get nodeName(): string {
    return this.#host.nodeName;
  }

  get heardMs(): number {
    return this.nowMs();
  }

  nowMs(): number {
    return this.clock.now();
  }

  subscribe(patterns: unknown, options: SubscribeOptions = {}): Promise<TopicSubscription<SubscriptionWay>> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) throw this.#over;
      const wish = wishOf(patterns, options, this.#host.utf8);
      const replay = replayOf(options.backlog);
      const { signal, timeoutMs = 0, onMessage } = options;
      if (signal?.aborted === true) throw cancelled(signal);
      this.#lastNumber += 1; // (G1)
      const subscription = new TopicSubscription<SubscriptionWay>(this, this.#lastNumber, wish, replay, onMessage);
      this.#subscriptions.set(subscription.number, subscription);
      subscription.begin(timeoutMs, signal).then(() => {
        resolve(subscription);
      }, reject);
    });
  }

  /** Nothing is asked any more, since the node has closed. */
  end(): void {
    this.#over = this.#closed();
    this.publishing.end(this.#over);
    this.requests.end(this.#over);
    for (const subscription of this.#subscriptions.values()) subscription.clientEnded(undefined);
  }

  // what its subscriptions want of the node

  ask(subscription: TopicSubscription<SubscriptionWay>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { number } = subscription;
      const wish = checkedWish(subscription.asked(this));
      authorizeSubscribe(this.#host.policy, self, wish.patterns); // (G4)
      const done = (error: MpregError | undefined): void => {
        if (error !== undefined) return reject(error.at({ node: this.nodeName }));
        subscription.served(undefined);
        resolve(undefined);
      };
      this.#host.enter({ kind: "subscribe", participant: this, number, wish, done });
    });
  }

  everywhere(_number: number, timeoutMs: number, signal: CancelSignal | undefined): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    if (this.#host.isAlone()) return Promise.resolve();
    const leaving: { leave?: () => void } = {};
    const told = new Promise<void>((resolve, reject) => {
      const waiter = {
        everywhere: () => {
          resolve();
        },
      };
      leaving.leave = () => {
        this.#host.enter({ kind: "leave-everywhere", waiter });
      };
      this.#host.enter({ kind: "everywhere", waiter, failed: reject });
    });
    const late = "The time allowed ran out before every node served the subscription";
    return within(this.clock, told, { timeoutMs, signal, late, gaveUp: () => leaving.leave?.() });
  }

  drain(_way: SubscriptionWay, number: number): Promise<void> {
    return new Promise((resolve) => {
      this.#draining.set(number, resolve);
      if (this.#over === undefined) this.#host.enter({ kind: "unsubscribe", participant: this, number, drains: true });
    });
  }

  leave(_way: SubscriptionWay, number: number): void {
    if (this.#over === undefined) this.#host.enter({ kind: "unsubscribe", participant: this, number });
  }

  hasTaken(subscription: TopicSubscription<SubscriptionWay>): void {
    subscription.telling = "now";
    this.#toTell.push(subscription);
    if (this.#toTell.length > 1) return;
    this.clock.endOfTurn(() => {
      const toTell = this.#toTell;
      this.#toTell = [];
      for (const each of toTell) this.#tellTaken(each); // (G2)
    });
  }

  forget(subscription: TopicSubscription<SubscriptionWay>): void {
    this.#subscriptions.take(subscription.number);
  }

  tell(event: AnswerLost): void {
    this.#host.tell(event);
  }

  // what it publishes

  get hasRoom(): boolean {
    return this.#publisher.hasRoom;
  }

  send(topic: string, fields: MessageFields | undefined, payload: Uint8Array): boolean | Promise<undefined> {
    const told = this.#publisher.publish(this.#messages.write(topic, fields, payload));
    return told instanceof Promise ? told.then(() => undefined) : true;
  }

  confirm(
    topic: string,
    { fields, confirm, timeoutMs }: CheckedPublish,
    payload: Uint8Array,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const told = this.#publisher.publish(this.#messages.write(topic, fields, payload), confirm);
    if (!(told instanceof Promise)) return Promise.resolve(told);
    return within(this.clock, told, { timeoutMs, signal, late: lateAnswer });
  }

  authorize(topic: string): void {
    authorizePublish(this.#host.policy, self, topic); // (G4)
  }

  refused(): void {
    // whoever has published it is told
  }

  hold(): number {
    return 0; // what waits is counted by the publisher
  }

  admit(): void {
    // and what was taken, too
  }

  // what the node tells its subscriptions

  deliver(numbers: readonly number[], count: number, message: Uint8Array): boolean {
    const bytes = this.#memory(message.length);
    bytes.set(message);
    this.#hear({ kind: "message", numbers: numbers.slice(0, count), bytes });
    return true;
  }

  missed(number: number, count: number): void {
    this.#hear({ kind: "missed", number, count });
  }

  /** All that was told before is heard before this is. (G3) */
  drained(number: number): void {
    this.#hear({ kind: "drained", number });
  }

  ended(number: number, why: SubscriptionEnd, lost: number): void {
    this.#hear({ kind: "ended", number, why, lost });
  }

  /** (G3) */
  #hear(heard: Heard): void {
    this.#heard.push(heard);
    if (this.#heard.length > 1) return;
    this.clock.endOfTurn(() => {
      const all = this.#heard;
      this.#heard = [];
      const nowMs = this.nowMs();
      for (const each of all) this.#heed(each, nowMs);
    });
  }

  #heed(heard: Heard, nowMs: number): void {
    if (heard.kind === "drained") {
      this.#draining.get(heard.number)?.();
      this.#draining.delete(heard.number);
      return;
    }
    if (heard.kind === "message") {
      for (const number of heard.numbers) this.#subscriptions.get(number)?.delivered(this, heard.bytes, nowMs);
      return;
    }
    const subscription = this.#subscriptions.get(heard.number);
    if (heard.kind === "missed") subscription?.wasMissed(this, heard.count);
    else subscription?.wasEnded(this, heard.why, heard.lost);
  }

  #tellTaken(subscription: TopicSubscription<SubscriptionWay>): void {
    const { number, isOver } = subscription;
    subscription.telling = undefined;
    const bytes = subscription.intake.takeUntold();
    if (bytes > 0 && !isOver && this.#over === undefined) {
      this.#host.enter({ kind: "taken", participant: this, number, bytes });
    }
  }

  #closed(): MpregError {
    return new MpregError("closed", `Node "${this.nodeName}" is closed`, { node: this.nodeName });
  }
}
