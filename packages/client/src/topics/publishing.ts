/**
 * Publishing: what a client publishes, on its way into the link.
 *
 * (H1) A message leaves at most once: nothing is sent again over another connection. How many may not have arrived when one is lost is told.
 * (H2) Messages leave in the order in which they were published; where one waits, for a connection, for room or for its schema, the
 *      others wait behind it.
 * (H3) While much waits in the link, what is published waits here, so that whoever awaits it grows no memory; of what nobody
 *      awaits no more waits than of calls (`overloaded`).
 * (H4) A message that cannot be sent fails its own publish.
 */
import type { TopicSchemas } from "@mpreg/core/base";
import {
  type Deadline,
  Deadlines,
  MpregError,
  type TopicContract,
  describeIssues,
  isA,
  isPromise,
  quoted,
  thrownText,
  validate,
} from "@mpreg/core/base";
import type { CancelSignal } from "@mpreg/core/rpc";
import { Fifo, onAbort } from "@mpreg/core/structures";
import { MessageWriter, PublishLedger } from "@mpreg/core/topics";
import type { Codec } from "@mpreg/core/values";
import { beginPublish, beginPublishConfirmed } from "@mpreg/core/wire";
import { Alarm } from "../alarm.js";
import type { Connection } from "../connection.js";
import { neverConnected, tooLarge } from "../failures.js";
import type { LineLimits } from "../line.js";
import type { TopicAsk } from "../pending.js";
import type { Platform } from "../platform.js";
import type { ClientStatus } from "../status.js";
import { patienceMs } from "../times.js";
import type { ConfirmOptions, PublishConfirmation, PublishOptions } from "./api.js";
import { type CheckedPublish, checkPublished, checkedPublish } from "./options.js";

/** What may wait in the link, and be published nevertheless: enough to keep the node busy meanwhile. (H3) */
const linkBytesMax = 2 * 1024 * 1024;

/** What a message that waits costs besides its payload. */
const waitingBytes = 128;

export interface PublishingHost {
  readonly codec: Codec;
  readonly line: LineLimits;
  ask(ask: TopicAsk, signal: CancelSignal | undefined): Promise<unknown>;
  tell(event: ClientStatus): void;
}

/** Nothing more is said than topic and payload. */
const plain: CheckedPublish = { fields: {}, confirm: undefined, timeoutMs: 0 };

/** It is queued: the same for all, since nobody is told more. */
const queued: Promise<undefined> = Promise.resolve(undefined);

type Told = PublishConfirmation | undefined;

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
  readonly #platform: Platform;
  readonly #host: PublishingHost;
  readonly #writer: MessageWriter;
  readonly #line = new Fifo<Waiting>();
  readonly #deadlines = new Deadlines<Waiting>();
  readonly #alarm: Alarm;
  /** What was published over each connection that is there. */
  readonly #ledgers = new Map<Connection, PublishLedger>();
  #connection: Connection | undefined;
  #ledger = new PublishLedger();
  #waiting = 0;
  #waitingBytes = 0;
  #over: MpregError | undefined;
  #wallMs = 0;
  /** The topic that was found good last. */
  #goodTopic: string | undefined;

  constructor(platform: Platform, host: PublishingHost) {
    this.#platform = platform;
    this.#host = host;
    this.#writer = new MessageWriter(platform.random, platform.utf8);
    this.#alarm = new Alarm(platform, () => {
      this.#onDue();
    });
  }

  /** A text that no other client has. */
  get prefix(): string {
    return this.#writer.prefix;
  }

  /** Publishes; never throws. `schemas`: what the payload has to be, by topic. */
  publish(
    topic: string,
    payload: unknown,
    options: (PublishOptions & Partial<ConfirmOptions>) | undefined,
    schemas: TopicSchemas | undefined,
  ): Promise<Told> {
    const connection = this.#connection;
    try {
      if (this.#over !== undefined) throw this.#over;
      if (topic !== this.#goodTopic) this.#check(topic);
      // the way of most: nothing is allocated but the view of the payload
      if (options === undefined && schemas === undefined && connection !== undefined && this.#line.size === 0) {
        const bytes = this.#host.codec.encode(payload, "payload");
        if (hasRoom(connection) && this.#send(connection, topic, plain, bytes)) return queued;
        return this.#lineUp(topic, plain, bytes, undefined);
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

  /** What is published goes over `connection` from now on. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.#ledger = new PublishLedger();
    this.#ledgers.set(connection, this.#ledger);
    this.#eachWaiting((waiting) => {
      if (waiting.checked.timeoutMs === 0) this.#deadlines.remove(waiting);
    });
    this.advance();
  }

  /** There is nobody to send it to for the moment. */
  suspend(): void {
    this.#connection = undefined;
    this.#eachWaiting((waiting) => {
      this.#unreached(waiting);
    });
  }

  /** A connection is gone. (H1) */
  lost(connection: Connection): void {
    if (this.#connection === connection) this.suspend();
    const ledger = this.#ledgers.get(connection);
    this.#ledgers.delete(connection);
    // one that was left has sent all before its goodbye, unless the node did not let it
    if (ledger === undefined || (connection.isLeft && connection.outbox.queuedBytes === 0)) return;
    const count = ledger.unknown(connection.outbox.admittedBytes);
    if (count > 0) this.#host.tell({ kind: "publishes-lost", url: connection.url, count });
  }

  /** Nothing is published any more. */
  end(error: MpregError): void {
    this.#over = error;
    this.#alarm.clear();
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) this.#fail(next, error);
    for (const connection of this.#ledgers.keys()) {
      // what is in the link goes out with the goodbye, but for what waits for the node to admit more
      const { outbox } = connection;
      if (connection.open && outbox.queuedBytes === outbox.writer.length) this.#ledgers.delete(connection);
      else this.lost(connection);
    }
    this.#connection = undefined;
  }

  /** Sends what waits, as far as there is room. Call it when there may be more. */
  advance(): void {
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
      if (!first.isOver) {
        const connection = this.#connection;
        const { payload, topic, checked } = first;
        if (connection === undefined || payload === undefined || !hasRoom(connection)) return;
        try {
          if (checked.confirm === undefined) {
            if (!this.#send(connection, topic, checked, payload)) return;
            first.resolve(undefined);
          } else first.resolve(this.#confirmed(first, payload));
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
    const connection = this.#connection;
    if (connection === undefined || this.#line.size > 0 || !hasRoom(connection)) {
      return this.#lineUp(topic, checked, payload, signal);
    }
    if (checked.confirm !== undefined) return this.#ask(topic, checked, payload.slice(), checked.timeoutMs, signal);
    return this.#send(connection, topic, checked, payload) ? queued : this.#lineUp(topic, checked, payload, signal);
  }

  /** Writes a message that wants no answer; answers false where the link has no room. Throws where it is too large. */
  #send(connection: Connection, topic: string, { fields }: CheckedPublish, payload: Uint8Array): boolean {
    const { outbox } = connection;
    // a batch ends with its turn at the latest, and asking for the time costs as much as writing a small message
    if (outbox.writer.length === 0) this.#wallMs = this.#platform.wallMs();
    const writer = beginPublish(outbox.writer);
    if (fields === plain.fields) this.#writer.writePlain(writer, topic, this.#wallMs, payload);
    else this.#writer.write(writer, topic, this.#wallMs, fields, payload);
    const bytes = outbox.commit(connection.remoteMessageBytesMax);
    if (bytes < 0) throw tooLarge(-bytes, connection);
    if (bytes > 0) this.#ledger.published(outbox.endBytes, outbox.admittedBytes);
    return bytes > 0;
  }

  #confirmed({ topic, checked, signal, dueMs }: Waiting, payload: Uint8Array): Promise<Told> {
    const leftMs = checked.timeoutMs === 0 ? 0 : Math.max(1, dueMs - this.#platform.now());
    return this.#ask(topic, checked, payload, leftMs, signal);
  }

  #ask(
    topic: string,
    checked: CheckedPublish,
    payload: Uint8Array,
    timeoutMs: number,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const { confirm = "local" } = checked;
    const fields = { ...checked.fields, id: checked.fields.id ?? this.#writer.takeId() };
    const timestampMs = this.#platform.wallMs();
    const write: TopicAsk["write"] = (writer, id) => {
      this.#writer.write(beginPublishConfirmed(writer, id, confirm), topic, timestampMs, fields, payload);
    };
    const bytes = payload.length + waitingBytes;
    return this.#host.ask({ kind: "topic", isOnce: true, timeoutMs, bytes, write }, signal) as Promise<Told>;
  }

  /** It waits for its turn. (H2, H3) */
  #lineUp(
    topic: string,
    checked: CheckedPublish,
    payload: Uint8Array | Promise<unknown>,
    signal: CancelSignal | undefined,
  ): Promise<Told> {
    const { asksMax, bytesMax } = this.#host.line;
    const bytes = waitingBytes + (payload instanceof Uint8Array ? payload.length : 0);
    if (this.#waiting >= asksMax || (this.#waiting > 0 && this.#waitingBytes + bytes > bytesMax)) {
      const message = `Cannot publish: ${this.#waiting} messages wait to be sent already (queueMax and queueBytesMax of connect)`;
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
      else if (this.#connection === undefined) this.#unreached(waiting);
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
    if (waiting.checked.timeoutMs === 0) this.#setDue(waiting, patienceMs);
  }

  #setDue(waiting: Waiting, ms: number): void {
    const dueMs = this.#platform.now() + ms;
    this.#deadlines.set(waiting, dueMs);
    this.#alarm.set(dueMs);
  }

  #onDue(): void {
    const nowMs = this.#platform.now();
    for (let due = this.#deadlines.takeDue(nowMs); due !== undefined; due = this.#deadlines.takeDue(nowMs)) {
      this.#fail(due, this.#late(due));
    }
    this.advance();
    this.#alarm.set(this.#deadlines.nextDueMs);
  }

  #late({ checked }: Waiting): MpregError {
    if (this.#connection === undefined && checked.timeoutMs === 0) return neverConnected(patienceMs);
    const why = this.#connection === undefined ? "there was no connection to any node" : "the node takes no more";
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
    for (const schema of schemas.of(topic)) {
      const before = valid;
      valid = isPromise(before)
        ? before.then((value) => checkedBy(schema, topic, value))
        : checkedBy(schema, topic, before);
    }
    return valid;
  }
}

/** Whether what is published now goes out soon: it would only be copied if it waited in the link. (H3) */
function hasRoom(connection: Connection): boolean {
  return connection.outbox.hasCredit && connection.backlogBytes < linkBytesMax;
}

function checkedBy(schema: TopicContract[string], topic: string, payload: unknown): unknown {
  const what = `Cannot publish to ${quoted(topic)}`;
  const accept = (verdict: Awaited<ReturnType<typeof validate>>): unknown => {
    if (verdict.kind === "valid") return verdict.value;
    throw new MpregError("invalid-input", `${what}: ${describeIssues(verdict.issues, "payload")}`);
  };
  const threw = (cause: unknown): MpregError =>
    new MpregError("invalid-input", `${what}: its schema threw: ${thrownText(cause)}`, { cause });
  let verdict: ReturnType<typeof validate>;
  try {
    verdict = validate(schema, payload);
  } catch (cause) {
    throw threw(cause);
  }
  if (!isPromise(verdict)) return accept(verdict);
  return verdict.then(accept, (cause: unknown) => {
    throw threw(cause);
  });
}

/** A payload, or its schema, has thrown something that is no error. */
function unpublished(cause: unknown): MpregError {
  return new MpregError("not-encodable", `Cannot publish: ${thrownText(cause)}`, { cause });
}

function cancelled(signal: CancelSignal): MpregError {
  return new MpregError("cancelled", "The caller cancelled", { cause: signal.reason });
}
