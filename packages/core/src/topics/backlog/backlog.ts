/**
 * Backlog: what was published lately, of every topic, for those who come late.
 *
 * Owns the bounds over all topics; one topic is `topic-log.ts`, reading is `replay.ts`.
 *
 * (L1) There are at most `topicsMax` topics, and at most `bytesMax` bytes are allocated for their messages, spare memory not
 *      counted (`chunks.ts`, K1).
 * (L2) What goes beyond is what was published to longest ago: the whole topic, and of the last one left its oldest messages.
 * (L3) A topic without messages is forgotten, on the next message of any topic or `sweep`, once they are too old.
 * (L4) Messages are numbered in the order in which they were published on this node, whether they are kept or not.
 * (L5) It says that it is whole only where nothing has left it for want of room, nor for its age.
 * (L6) It says that a time is cut where something of it has left for want of room, or it began before what is kept by age. A time that is
 *      neither whole nor cut begins just where that does.
 */
import type { Pattern } from "../../base/index.js";
import { wants } from "../reserved.js";
import { Chain } from "../../structures/index.js";
import { Chunks } from "./chunks.js";
import type { ExchangeFigures } from "../figures.js";
import type { BacklogLimits } from "../limits.js";
import { TopicLog } from "./topic-log.js";

/** Topics that are looked at, for their age, on each message. */
const sweptPerMessage = 2;

/** By so much a time that is asked for in steps, of several nodes, may have become longer meanwhile. (L6) */
const askedMs = 5_000;

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #chunks = new Chunks();
  readonly #logs = new Map<string, TopicLog>();
  /** The one published to longest ago first. */
  readonly #byUse = new Chain<TopicLog>();
  readonly #isOn: boolean;
  #sequence = 0;
  #unkept = 0;
  /** When the newest message came of those that are not kept, and whose topic need not be known any more. (L5) */
  #lostMs = -Infinity;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
    this.#isOn = limits.ageMsMax > 0 && limits.messagesPerTopicMax > 0 && limits.topicsMax > 0 && limits.bytesMax > 0;
  }

  /** The number that the next message gets. */
  get sequence(): number {
    return this.#sequence;
  }

  get topics(): number {
    return this.#logs.size;
  }

  get messages(): number {
    return this.#chunks.messages;
  }

  /** What is allocated for messages. */
  get bytes(): number {
    return this.#chunks.bytes;
  }

  /** Messages that were too large to be kept, since the node was started. */
  get unkept(): number {
    return this.#unkept;
  }

  get figures(): Pick<ExchangeFigures, "backlogTopics" | "backlogMessages" | "backlogBytes"> {
    return { backlogTopics: this.topics, backlogMessages: this.messages, backlogBytes: this.bytes };
  }

  /** What came before is kept by no age. */
  oldestMs(nowMs: number): number {
    return nowMs - this.#limits.ageMsMax;
  }

  /** Keeps a copy of `message`, until `expiresMs`; `origin` says where it was published (`origins.ts`). */
  append(topic: string, message: Uint8Array, nowMs: number, expiresMs: number, origin: number = 0): void {
    const sequence = this.#sequence++; // (L4)
    if (!this.#isOn) return;
    this.#sweepSome(nowMs, sweptPerMessage);
    let log = this.#logs.get(topic);
    if (log === undefined) {
      if (this.#logs.size >= this.#limits.topicsMax) this.#lose(this.#byUse.first as TopicLog); // (L1, L2)
      log = new TopicLog(topic, this.#limits, this.#chunks);
      this.#logs.set(topic, log);
      this.#byUse.push(log);
    } else this.#byUse.moveToEnd(log);
    if (!log.append(message, sequence, nowMs, expiresMs, origin)) {
      this.#unkept += 1;
      this.#lostMs = nowMs;
    }
    if (this.#chunks.bytes > this.#limits.bytesMax) this.#makeRoom(log);
    if (log.size === 0) this.#forget(log);
  }

  /** Lets go of what is too old. */
  sweep(nowMs: number): void {
    this.#sweepSome(nowMs, this.#logs.size);
  }

  /** Where messages of `topic` are kept. */
  log(topic: string): TopicLog | undefined {
    return this.#logs.get(topic);
  }

  /** Whether everything is here that was published since `sinceMs` to topics that `patterns` match, but for what has expired. (L5) */
  isWholeSince(patterns: readonly Pattern[], sinceMs: number, nowMs: number): boolean {
    return this.#isOn && sinceMs > this.oldestMs(nowMs) && !this.#hasLost(patterns, sinceMs);
  }

  /** Whether its bounds leave out something of what was published since `sinceMs`, or of that time. (L6) */
  isCutSince(patterns: readonly Pattern[], sinceMs: number, nowMs: number): boolean {
    return !this.#isOn || sinceMs < this.oldestMs(nowMs) - askedMs || this.#hasLost(patterns, sinceMs);
  }

  #hasLost(patterns: readonly Pattern[], sinceMs: number): boolean {
    let hasLost = this.#lostMs >= sinceMs;
    if (hasLost) return true;
    this.eachMatching(patterns, (log) => {
      if (log.lostMs >= sinceMs) hasLost = true;
    });
    return hasLost;
  }

  /** Tells `found` of each topic that one of `patterns` matches, once. */
  eachMatching(patterns: readonly Pattern[], found: (log: TopicLog) => void): void {
    if (patterns.every((pattern) => !isWild(pattern))) {
      for (const topic of new Set<string>(patterns)) {
        const log = this.#logs.get(topic);
        if (log !== undefined) found(log);
      }
      return;
    }
    for (const log of this.#logs.values()) {
      if (patterns.some((pattern) => wants(pattern, log.topic))) found(log);
    }
  }

  /** (L3) */
  #sweepSome(nowMs: number, count: number): void {
    const oldestMs = this.oldestMs(nowMs);
    for (let left = count; left > 0; left--) {
      const log = this.#byUse.first;
      if (log === undefined || log.lastMs > oldestMs) return;
      this.#forget(log);
    }
  }

  #makeRoom(last: TopicLog): void {
    const { bytesMax } = this.#limits;
    while (this.#chunks.bytes > bytesMax && this.#byUse.first !== last) this.#lose(this.#byUse.first as TopicLog);
    while (this.#chunks.bytes > bytesMax && last.size > 0) {
      this.#lostMs = Math.max(this.#lostMs, last.arrivedMs(last.first));
      last.shift();
    }
  }

  /** Forgets a topic for want of room. (L5) */
  #lose(log: TopicLog): void {
    this.#lostMs = Math.max(this.#lostMs, log.lastMs, log.lostMs);
    this.#forget(log);
  }

  /** Whoever reads it finds that it is empty. */
  #forget(log: TopicLog): void {
    log.clear();
    this.#logs.delete(log.topic);
    this.#byUse.remove(log);
  }
}

function isWild(pattern: Pattern): boolean {
  return pattern.includes("*") || pattern.includes("#");
}
