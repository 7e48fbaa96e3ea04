/**
 * Queue feeds: topics that feed the queues of this node.
 *
 * Owns the subscriptions, and what of the past is asked for when something may be missing. What a queue has had of its topics it knows itself
 * (`queues/sources/feeding.ts`).
 *
 * (F1) A message is taken off its topic once its queue has it on the disk, or has counted it as refused.
 * (F2) Messages are copied while topics tell them, and sent when these are done: neither calls into the other.
 * (F3) When a node with queues comes back, and where messages are missing, the backlogs of the cluster are asked for them. What they do not
 *      have is counted as missing.
 * (F5) Who publishes with `confirm: "subscribers"` hears of a queue once that has the message on the disk, or does not take it.
 * (F4) What happens to requests feeds no queue: each message of it would make its consumer's requests, and these more messages.
 */
import { MpregError, Timer, type Timers, type Utf8 } from "../base/index.js";
import { type FedMessage, type Feeding, type Queues, withoutTextBody } from "../queues/index.js";
import {
  type Completeness,
  type Participant,
  type SubscriptionSettled,
  type Topics,
  TopicMessageReader,
  type TopicsLimits,
} from "../topics/index.js";
import { TextCache } from "../wire/index.js";

export interface QueueFeedsHost extends Timers {
  readonly topics: () => Topics;
  readonly topicLimits: TopicsLimits;
  readonly utf8: Utf8;
  readonly queues: Queues;
  readonly nowMs: () => number;
  wallMs(): number;
}

/** The header that says to which topic a message was published, and the one with its id. */
export const topicHeader = "mpreg-topic";
export const topicMessageHeader = "mpreg-message";

/** The number of this participant: links begin at 1, other nodes are below 0. */
const participantId = 0;
/** Others that come back together are asked together. */
const gatherMs = 1_000;
/** For how long nodes that join are asked after this one has come back. */
const joiningMs = 60_000;
const batchMessagesMax = 500;
const batchBytesMax = 4 * 1024 * 1024;
const requestTopics = "mpreg.rpc.";

interface Fed {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Is told whether the queue has it, where the publisher wants to know. (F5) */
  readonly settled: SubscriptionSettled | undefined;
}

/** The topics of one queue. */
interface Feed {
  readonly queue: string;
  topics: readonly string[];
  /** Number of its subscription; 0: it has none just now. */
  live: number;
  /** Number of the one that asks for the past; 0: none does. */
  past: number;
  pending: Fed[];
  /** Whether the queue was there before this node has begun. */
  readonly isOld: boolean;
  /** Whether it was counted that what was published while this node was away is not all there. */
  isGapTold: boolean;
  /** Messages that are missing and will be asked for, and since when, in wall time and by this node's clock. */
  missing: { count: number; readonly sinceMs: number; readonly atMs: number } | undefined;
}

export class QueueFeeds {
  readonly #host: QueueFeedsHost;
  readonly #feeds = new Map<string, Feed>();
  readonly #byNumber = new Map<number, Feed>();
  readonly #reader: TopicMessageReader;
  readonly #participant: Participant;
  readonly #timer: Timer;
  /** Feeds that have something to send. */
  #pending = new Set<Feed>();
  /** Subscriptions that are not needed any more. */
  #over: number[] = [];
  #lastNumber = 0;
  /** Until when nodes that join are asked; `undefined`: none has joined yet. */
  #joiningUntilMs: number | undefined;
  #isRestarting = false;

  constructor(host: QueueFeedsHost) {
    this.#host = host;
    const { topic, message } = host.topicLimits;
    this.#reader = new TopicMessageReader(new TextCache(host.utf8), host.utf8, topic.bytesMax, message);
    this.#timer = new Timer((nowMs) => {
      this.#look(nowMs);
    });
    this.#participant = {
      id: participantId,
      isCluster: false,
      saysWhatItHas: true,
      deliver: (numbers, count, bytes, settled) => {
        this.#deliver(numbers, count, bytes, settled);
        return true;
      },
      replayed: (number) => {
        if (this.#byNumber.get(number)?.past === number) this.#over.push(number);
      },
      missed: (number, count) => {
        this.#missed(number, count);
      },
      ended: (number, _why, lost) => {
        this.#ended(number, lost);
      },
      refused: () => undefined,
      hold: () => 0,
      admit: () => undefined,
    };
  }

  get isEmpty(): boolean {
    return this.#feeds.size === 0;
  }

  /** These topics feed the queue; `isOld`: they did before this node has begun. */
  set(queue: string, topics: readonly string[], isOld: boolean, nowMs: number): void {
    const before = this.#feeds.get(queue);
    if (topics.length === 0) {
      if (before !== undefined) this.remove(queue, nowMs);
      return;
    }
    if (before !== undefined && before.topics.join("\n") === topics.join("\n")) return;
    if (before === undefined) {
      const feed = { queue, topics, live: 0, past: 0, pending: [], isOld, isGapTold: false, missing: undefined };
      this.#feeds.set(queue, feed);
      this.#subscribe(feed, nowMs);
      if (!isOld) this.#host.queues.feedingOf(queue)?.begin();
      return;
    }
    const { live } = before;
    before.topics = topics;
    this.#subscribe(before, nowMs); // before the other one ends: what both match is told twice rather than never
    this.#unsubscribe(live, nowMs);
    this.#host.queues.feedingOf(queue)?.begin();
  }

  remove(queue: string, nowMs: number): void {
    const feed = this.#feeds.get(queue);
    if (feed === undefined) return;
    this.#feeds.delete(queue);
    this.#pending.delete(feed);
    for (const { settled } of feed.pending) settled?.(false);
    this.#unsubscribe(feed.live, nowMs);
    this.#unsubscribe(feed.past, nowMs);
  }

  /** A node has joined: it may have what was published while this one was away. (F3) */
  joined(nowMs: number): void {
    if (this.#joiningUntilMs === undefined) this.#joiningUntilMs = nowMs + joiningMs;
    if (nowMs > this.#joiningUntilMs || ![...this.#feeds.values()].some(({ isOld }) => isOld)) return;
    this.#isRestarting = true;
    this.#wake(nowMs + gatherMs);
  }

  /** Sends what topics have told; answers whether there was anything. Call it when these are done. (F2) */
  send(nowMs: number): boolean {
    if (this.#pending.size === 0 && this.#over.length === 0) return false;
    for (const number of this.#over.splice(0)) this.#unsubscribe(number, nowMs);
    const feeds = this.#pending;
    this.#pending = new Set();
    for (const feed of feeds) this.#send(feed, nowMs);
    return true;
  }

  /** The same soon, where it cannot be done now. */
  sendSoon(nowMs: number): void {
    if (this.#pending.size > 0 || this.#over.length > 0) this.#wake(nowMs);
  }

  close(): void {
    this.#host.unschedule(this.#timer);
  }

  #subscribe(feed: Feed, nowMs: number): void {
    feed.live = 0;
    const number = ++this.#lastNumber;
    const topics = this.#host.topics();
    try {
      topics.subscribe(this.#participant, number, { patterns: feed.topics }, nowMs);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#missing(feed, Infinity); // it is tried again
      return;
    }
    feed.live = number;
    this.#byNumber.set(number, feed);
    topics.drain(this.#participant, nowMs);
  }

  #unsubscribe(number: number, nowMs: number): void {
    const feed = this.#byNumber.get(number);
    if (feed === undefined) return;
    this.#byNumber.delete(number);
    if (feed.past === number) feed.past = 0;
    this.#host.topics().exchange.unsubscribe(participantId, number, nowMs);
    if (feed.missing !== undefined) this.#wake(nowMs + gatherMs);
  }

  /** (F2) */
  #deliver(
    numbers: readonly number[],
    count: number,
    message: Uint8Array,
    settled: SubscriptionSettled | undefined,
  ): void {
    const bytes = message.slice();
    for (let at = 0; at < count; at++) {
      const number = numbers[at] as number;
      const feed = this.#byNumber.get(number);
      if (feed === undefined) {
        settled?.(false); // it is over
        continue;
      }
      feed.pending.push({ number, bytes, settled });
      this.#pending.add(feed);
    }
  }

  #send(feed: Feed, nowMs: number): void {
    const all = feed.pending;
    feed.pending = [];
    let bytes = 0;
    let some: Fed[] = [];
    for (const fed of all) {
      if (some.length === batchMessagesMax || (some.length > 0 && bytes + fed.bytes.length > batchBytesMax)) {
        this.#feed(feed, some, nowMs);
        some = [];
        bytes = 0;
      }
      some.push(fed);
      bytes += fed.bytes.length;
    }
    this.#feed(feed, some, nowMs);
  }

  #feed({ queue }: Feed, some: readonly Fed[], nowMs: number): void {
    const messages: FedMessage[] = [];
    for (const { bytes, settled } of some) {
      const message = this.#messageOf(bytes);
      if (message === undefined) settled?.(false);
      else messages.push({ ...message, settled });
    }
    const taken = (): void => {
      for (const { number, bytes } of some) {
        if (this.#byNumber.has(number)) this.#host.topics().takenAtOnce(participantId, number, bytes.length); // (F1)
      }
    };
    const feeding = this.#host.queues.feedingOf(queue);
    if (feeding === undefined) {
      for (const { settled } of messages) settled?.(false);
      taken();
    } else feeding.feed(messages, taken, nowMs);
  }

  /** The payload stays as it is. (F4) */
  #messageOf(bytes: Uint8Array): Omit<FedMessage, "settled"> | undefined {
    const { topic, id, payload, priority, ttlMs, correlationId, replyTo, headers } = this.#reader.open(bytes);
    if (topic.startsWith(requestTopics)) return undefined;
    headers.set(topicHeader, topic).set(topicMessageHeader, id);
    const message = {
      body: payload,
      headers: withoutTextBody(Object.fromEntries(headers)),
      priority,
      ...(ttlMs > 0 ? { ttlMs } : {}),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(replyTo === undefined ? {} : { replyTo }),
    };
    return { id, topic, message };
  }

  #missed(number: number, count: number): void {
    const feed = this.#byNumber.get(number);
    if (feed === undefined) return;
    // how much of the past is missing is told when it is served
    if (feed.past === number) {
      if (count < Infinity) this.#host.queues.feedingOf(feed.queue)?.missed(count);
    } else this.#missing(feed, count);
  }

  /** (F3) */
  #missing(feed: Feed, count: number): void {
    const atMs = this.#host.nowMs();
    feed.missing ??= { count: 0, sinceMs: this.#host.wallMs(), atMs };
    feed.missing.count += count;
    this.#wake(atMs + gatherMs);
  }

  #ended(number: number, lost: number): void {
    const feed = this.#byNumber.get(number);
    if (feed === undefined) return;
    this.#byNumber.delete(number);
    if (feed.past === number) feed.past = 0;
    else feed.live = 0;
    this.#missing(feed, lost === 0 ? Infinity : lost);
  }

  #look(nowMs: number): void {
    const isRestarting = this.#isRestarting;
    this.#isRestarting = false;
    for (const feed of this.#feeds.values()) {
      if (feed.live === 0) this.#subscribe(feed, nowMs);
      if (feed.live === 0 || feed.past > 0) continue;
      const { missing } = feed;
      const feeding = this.#host.queues.feedingOf(feed.queue);
      if (feeding === undefined || (missing === undefined && !(isRestarting && feed.isOld))) continue;
      feed.missing = undefined;
      const ageMs = missing === undefined ? this.#awayMs(feeding) : ageOf(missing, feeding, nowMs);
      const toldAs = missing?.count ?? Infinity;
      if (ageMs === undefined || !this.#ask(feed, ageMs, missing === undefined, toldAs, nowMs)) feeding.missed(toldAs);
    }
  }

  /** How long ago the queue had the last of its topics before this node began; `undefined` where the wall clock was set back: nobody knows. */
  #awayMs({ restartedFromMs }: Feeding): number | undefined {
    const ageMs = this.#host.wallMs() - restartedFromMs;
    return ageMs < 0 ? undefined : ageMs;
  }

  /** Asks for what was published in the last `ageMs`; answers whether that has begun. */
  #ask(feed: Feed, ageMs: number, isRestart: boolean, count: number, nowMs: number): boolean {
    const number = ++this.#lastNumber;
    const served = ({ isWhole, isCut, unanswered }: Completeness): void => {
      const isFilled = isRestart ? !isCut && unanswered === 0 : isWhole;
      if (isFilled || (isRestart && feed.isGapTold)) return;
      feed.isGapTold ||= isRestart;
      this.#host.queues.feedingOf(feed.queue)?.missed(count);
    };
    const topics = this.#host.topics();
    this.#byNumber.set(number, feed);
    feed.past = number;
    try {
      topics.subscribe(
        this.#participant,
        number,
        { patterns: feed.topics, replay: { kind: "age", ageMs } },
        nowMs,
        served,
      );
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#byNumber.delete(number);
      feed.past = 0;
      return false;
    }
    topics.drain(this.#participant, nowMs);
    return true;
  }

  #wake(atMs: number): void {
    if (this.#timer.heapIndex >= 0 && this.#timer.dueMs <= atMs) return;
    this.#host.schedule(this.#timer, atMs);
  }
}

/** How long ago what is missing may have been published, by this node's clock; `undefined` where the queue cannot tell any more what it had then. */
function ageOf(
  { sinceMs, atMs }: { readonly sinceMs: number; readonly atMs: number },
  feeding: Feeding,
  nowMs: number,
): number | undefined {
  const fromMs = feeding.knownFrom(sinceMs);
  return fromMs === undefined ? undefined : nowMs - atMs + sinceMs - fromMs;
}
