/**
 * Publishing: what a program publishes, on its way to a node: into the link of a client, or into the node itself.
 *
 * (H1) A message leaves at most once: nothing is sent again over another connection.
 * (H2) Messages leave in the order in which they were published; where one waits, for a connection, for room or for its schema, the
 *      others wait behind it.
 * (H3) While much waits on the way (`hasRoom`), what is published waits here, so that whoever awaits it grows no memory; of what nobody
 *      awaits no more waits than of calls (`overloaded`).
 * (H4) A message that cannot be sent fails its own publish.
 */
import {
  type Deadline,
  Deadlines,
  MpregError,
  type TopicSchemas,
  checkedBy,
  isA,
  isPromise,
  quoted,
  thrownText,
} from "../base/index.js";
import type { CancelSignal } from "../rpc/index.js";
import { Fifo, onAbort } from "../structures/index.js";
import type { MessageFields } from "../topics/index.js";
import type { Codec } from "../values/index.js";
import { Alarm } from "./alarm.js";
import type { ConfirmOptions, PublishConfirmation, PublishOptions } from "./api.js";
import type { Clock } from "./clock.js";
import { within } from "./within.js";
import { type CheckedPublish, cancelled, checkPublished, checkedPublish } from "./options.js";

/** What a message that waits costs besides its payload. */
const waitingBytes = 128;

/** What is told to who has waited for what became of a message that the node has. */
export const lateAnswer = "The time allowed ran out before it was known what the message came to";

/** What a message has come to; nothing where nobody wanted to know. */
export type Told = PublishConfirmation | undefined;

/** The way to a node. */
export interface PublishWay {
  /** Whether what is published now goes out soon: it would only be copied if it waited on the way. (H3) */
  readonly hasRoom: boolean;
  /**
   * Publishes a message of which nobody wants to know more; `fields` are those of one about which nothing is said unless told. Answers
   * false where there is no room after all, and a promise where it is only known later whether it was refused. `payload` is not needed
   * any more when this returns. Throws why it cannot be.
   */
  send(topic: string, fields: MessageFields | undefined, payload: Uint8Array): boolean | Promise<undefined>;
  /** Publishes a message, and tells what it has come to. `payload` stays as it is. */
  confirm(topic: string, checked: CheckedPublish, payload: Uint8Array, signal: CancelSignal | undefined): Promise<Told>;
}

/** How much may wait to be published, and which options of the program say so. */
export interface PublishLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly options: string;
}

export interface PublishingHost {
  readonly codec: Codec;
  readonly clock: Clock;
  readonly limits: PublishLimits;
  /** How long a message that names no time waits while there is no way, in ms; and what it is told then. */
  readonly patienceMs: number;
  unreached(): MpregError;
}

/** Nothing more is said than topic and payload. */
const plain: CheckedPublish = { fields: {}, confirm: undefined, timeoutMs: 0 };

/** It is queued: the same for all, since nobody is told more. */
const queued: Promise<undefined> = Promise.resolve(undefined);

class Waiting implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  /** `undefined` while its schema has not answered. */
  payload: Uint8Array | undefined;
  /** It has ended here, and keeps its place until that is reached. */
  isOver = false;
  stopListening: (() => void) | undefined = undefined;
  readonly topic: string;
  readonly checked: CheckedPublish;
  readonly signal: CancelSignal | undefined;
  readonly resolve: (told: Told | Promise<Told>) => void;
  readonly reject: (error: unknown) => void;
  bytes = waitingBytes;

  constructor(
    topic: string,
    checked: CheckedPublish,
    signal: CancelSignal | undefined,
    resolve: (told: Told | Promise<Told>) => void,
    reject: (error: unknown) => void,
  ) {
    this.topic = topic;
    this.checked = checked;
    this.signal = signal;
    this.resolve = resolve;
    this.reject = reject;
  }
}

export class Publishing {
  readonly #host: PublishingHost;
  readonly #line = new Fifo<Waiting>();
  readonly #deadlines = new Deadlines<Waiting>();
  readonly #alarm: Alarm;
  #way: PublishWay | undefined;
  #waiting = 0;
  #waitingBytes = 0;
  #over: MpregError | undefined;
  /** The topic that was found good last. `null` before there is one: `undefined` is what a program without types may give. */
  #goodTopic: string | null = null;

  constructor(host: PublishingHost) {
    this.#host = host;
    this.#alarm = new Alarm(host.clock, () => {
      this.#onDue();
    });
  }

  /** Publishes; never throws. `schemas`: what the payload has to be, by topic. */
  publish(
    topic: string,
    payload: unknown,
    options: (PublishOptions & Partial<ConfirmOptions>) | undefined,
    schemas: TopicSchemas | undefined,
  ): Promise<Told> {
    const way = this.#way;
    try {
      if (this.#over !== undefined) throw this.#over;
      if (topic !== this.#goodTopic) this.#check(topic);
      // the way of most: nothing is allocated but the view of the payload
      if (options === undefined && schemas === undefined && way !== undefined && this.#line.size === 0) {
        const bytes = this.#host.codec.encode(payload, "payload");
        return (
          (way.hasRoom && this.#send(way, topic, plain, bytes, undefined)) ||
          this.#lineUp(topic, plain, bytes, undefined)
        );
      }
      const checked = options === undefined ? plain : checkedPublish(options);
      const signal = options?.signal;
      if (signal?.aborted === true) throw cancelled(signal);
      const valid = schemas === undefined ? payload : this.#validated(topic, payload, schemas);
      if (isPromise(valid)) return this.#lineUp(topic, checked, valid, signal);
      return this.#publish(topic, checked, this.#host.codec.encode(valid, "payload"), signal);
    } catch (error) {
      return Promise.reject(isA(error, Error) ? error : unpublished(error)); // (H4)
    }
  }

  /** What is published goes that way from now on. */
  open(way: PublishWay): void {
    this.#way = way;
    this.#eachWaiting((waiting) => {
      if (waiting.checked.timeoutMs === 0) this.#deadlines.remove(waiting);
    });
    this.advance();
  }

  /** There is nobody to send it to for the moment. */
  suspend(): void {
    this.#way = undefined;
    this.#eachWaiting((waiting) => {
      this.#unreached(waiting);
    });
  }

  /** Nothing is published any more. */
  end(error: MpregError): void {
    this.#over = error;
    this.#alarm.clear();
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) this.#fail(next, error);
    this.#way = undefined;
  }

  /** Sends what waits, as far as there is room. Call it when there may be more. */
  advance(): void {
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
      if (!first.isOver) {
        const way = this.#way;
        const { payload, topic, checked } = first;
        if (way === undefined || payload === undefined || !way.hasRoom) return;
        try {
          const told =
            checked.confirm === undefined
              ? this.#send(way, topic, checked, payload, first.signal)
              : this.#confirmed(way, first, payload);
          if (told === undefined) return;
          first.resolve(told);
        } catch (error) {
          first.reject(error); // (H4)
        }
        this.#ended(first);
      }
      this.#line.shift();
    }
  }

  #publish(
    topic: string,
    checked: CheckedPublish,
    payload: Uint8Array,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const way = this.#way;
    if (way === undefined || this.#line.size > 0 || !way.hasRoom) return this.#lineUp(topic, checked, payload, signal);
    if (checked.confirm !== undefined) return way.confirm(topic, checked, payload.slice(), signal);
    return this.#send(way, topic, checked, payload, signal) ?? this.#lineUp(topic, checked, payload, signal);
  }

  /** Answers nothing where there is no room after all. */
  #send(
    way: PublishWay,
    topic: string,
    { fields, timeoutMs }: CheckedPublish,
    payload: Uint8Array,
    signal: CancelSignal | undefined,
  ): Promise<Told> | undefined {
    const sent = way.send(topic, fields === plain.fields ? undefined : fields, payload);
    if (sent === true) return queued;
    if (sent === false) return undefined;
    return within(this.#host.clock, sent, { timeoutMs, signal, late: lateAnswer });
  }

  #confirmed(way: PublishWay, { topic, checked, signal, dueMs }: Waiting, payload: Uint8Array): Promise<Told> {
    const timeoutMs = checked.timeoutMs === 0 ? 0 : Math.max(1, dueMs - this.#host.clock.now());
    return way.confirm(topic, { ...checked, timeoutMs }, payload, signal);
  }

  /** It waits for its turn. (H2, H3) */
  #lineUp(
    topic: string,
    checked: CheckedPublish,
    payload: Uint8Array | Promise<unknown>,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const { messagesMax, bytesMax, options } = this.#host.limits;
    const bytes = waitingBytes + (payload instanceof Uint8Array ? payload.length : 0);
    if (this.#waiting >= messagesMax || (this.#waiting > 0 && this.#waitingBytes + bytes > bytesMax)) {
      const message = `Cannot publish: ${this.#waiting} messages wait to be sent already (${options})`;
      throw new MpregError("overloaded", message);
    }
    return new Promise((resolve, reject) => {
      const waiting = new Waiting(topic, checked, signal, resolve, reject);
      this.#waiting += 1;
      this.#count(waiting, bytes - waitingBytes);
      this.#waitingBytes += waitingBytes;
      this.#line.push(waiting);
      if (signal !== undefined) {
        waiting.stopListening = onAbort(signal, () => {
          this.#fail(waiting, cancelled(signal));
          this.advance();
        });
      }
      if (checked.timeoutMs > 0) this.#setDue(waiting, checked.timeoutMs);
      else if (this.#way === undefined) this.#unreached(waiting);
      if (payload instanceof Uint8Array)
        waiting.payload = payload.slice(); // the codec's memory is not for keeping
      else this.#await(waiting, payload);
    });
  }

  /** Its schema takes its time. */
  #await(waiting: Waiting, payload: Promise<unknown>): void {
    payload.then(
      (valid) => {
        if (waiting.isOver) return;
        try {
          waiting.payload = this.#host.codec.encode(valid, "payload").slice();
          this.#count(waiting, waiting.payload.length);
        } catch (error) {
          this.#fail(waiting, error);
        }
        this.advance();
      },
      (error: unknown) => {
        this.#fail(waiting, error);
        this.advance();
      },
    );
  }

  #count(waiting: Waiting, bytes: number): void {
    waiting.bytes += bytes;
    this.#waitingBytes += bytes;
  }

  #unreached(waiting: Waiting): void {
    if (waiting.checked.timeoutMs === 0) this.#setDue(waiting, this.#host.patienceMs);
  }

  #setDue(waiting: Waiting, ms: number): void {
    const dueMs = this.#host.clock.now() + ms;
    this.#deadlines.set(waiting, dueMs);
    this.#alarm.set(dueMs);
  }

  #onDue(): void {
    const nowMs = this.#host.clock.now();
    for (let due = this.#deadlines.takeDue(nowMs); due !== undefined; due = this.#deadlines.takeDue(nowMs)) {
      this.#fail(due, this.#late(due));
    }
    this.advance();
    this.#alarm.set(this.#deadlines.nextDueMs);
  }

  #late({ checked }: Waiting): MpregError {
    if (this.#way === undefined && checked.timeoutMs === 0) return this.#host.unreached();
    const why = this.#way === undefined ? "there was no connection to any node" : "the node takes no more";
    return new MpregError("deadline", `The time allowed ran out while the message waited to be sent (${why})`);
  }

  #fail(waiting: Waiting, error: unknown): void {
    if (waiting.isOver) return;
    this.#ended(waiting);
    waiting.reject(error);
  }

  #ended(waiting: Waiting): void {
    waiting.isOver = true;
    waiting.payload = undefined;
    waiting.stopListening?.();
    this.#deadlines.remove(waiting);
    this.#waiting -= 1;
    this.#waitingBytes -= waiting.bytes;
  }

  #eachWaiting(visit: (waiting: Waiting) => void): void {
    for (let left = this.#line.size; left > 0; left--) {
      const waiting = this.#line.shift() as Waiting;
      if (!waiting.isOver) visit(waiting);
      this.#line.push(waiting);
    }
  }

  #check(topic: string): void {
    checkPublished(topic);
    this.#goodTopic = topic;
  }

  /** The payload as the schemas give it back, one after the other; a promise where one of them gives one. */
  #validated(topic: string, payload: unknown, schemas: TopicSchemas): unknown {
    let valid = payload;
    const refusal = { code: "invalid-input", what: `Cannot publish to ${quoted(topic)}`, place: "payload" } as const;
    for (const schema of schemas.of(topic)) {
      const before = valid;
      valid = isPromise(before)
        ? before.then((value) => checkedBy(schema, value, refusal))
        : checkedBy(schema, before, refusal);
    }
    return valid;
  }
}

/** A payload, or its schema, has thrown something that is no error. */
function unpublished(cause: unknown): MpregError {
  return new MpregError("not-encodable", `Cannot publish: ${thrownText(cause)}`, { cause });
}
