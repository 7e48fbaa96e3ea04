/**
 * Asks: what a client has asked and not heard the end of, whichever connection it is asked over.
 *
 * Owns the numbers of asks, their time limits, and the line of those that have not been sent. Which connection there is,
 * and when, is `session.ts`.
 *
 * (C1) Every ask ends exactly once: with its answer, its failure, its deadline, or as lost (C7).
 * (C3) An answer to an id that is not waited for (any more), or not over this connection, changes nothing.
 * (C4) At most `inFlightMax` asks are under way; others wait in line (`line.ts`), and reach a node when it is their turn
 *      or not at all.
 * (C5) What has not been sent waits for the next connection, and everything for its end, as long as `times.ts` says.
 * (C6) What a node refuses because it is about to leave is asked again of another one, before what waits in line.
 * (C7) What was under way when a connection was lost is asked again, under its number and with the nodes that were asked:
 *      it is done once, however often it is asked. What that takes is kept within `resumeBytesMax`; beyond, and when
 *      nobody could tell what has become of it, it ends as `node-lost`.
 * (C8) What a node gives up because it closes is asked again as (C7) says, where there may be another node; nothing more is
 *      asked of that node.
 * (C9) An answer whose values are gone with the node that kept them is asked for anew, if all functions may run twice.
 * (C10) A connection that was left stays open until all is here that was answered over it, streams to their ends: for a client
 *      that has gone the node keeps nothing.
 */
import { MpregError, areSameBytes, shownUrl } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import {
  type Asker,
  type CompleteAnswer,
  Downloads,
  type ItemReader,
  type RequestEvent,
  type RequestSummary,
  isComplete,
} from "@mpreg/core/rpc";
import { Fifo, IdMap } from "@mpreg/core/structures";
import type { Codec } from "@mpreg/core/values";
import {
  type AnswerMessage,
  type EventMessage,
  type Message,
  type ResultRef,
  type ResultsMessage,
  resumePlacesMax,
  writeCancel,
  writeFailure,
} from "@mpreg/core/wire";
import { Alarm } from "@mpreg/core/program";
import type { Connection } from "./connection.js";
import { incomplete, neverConnected, tooLarge, unanswered, unsent } from "./failures.js";
import { Line, type LineLimits, bytesOverloaded } from "./line.js";
import { Pending, type PendingAsk, isLook } from "./pending.js";
import type { Platform } from "./platform.js";
import { Times, patienceMs } from "./times.js";

/** Bytes of the largest value that is sent or fetched. */
export const valueBytesMax: number = 2 ** 31;

/** How often an answer that is lost is asked for anew. (C9) */
const anewMax = 3;

/** A process that nobody is. */
const noRun = new Uint8Array(8);

export interface AsksOptions {
  readonly codec: Codec;
  /** Asks under way at a time. */
  readonly inFlightMax: number;
  readonly line: LineLimits;
  /** There will be another connection when this one is lost. */
  readonly reconnect: boolean;
  /** Bytes of what is under way that are kept to be asked again. */
  readonly resumeBytesMax: number;
}

export class Asks {
  readonly #platform: Platform;
  readonly #options: AsksOptions;
  readonly #hasOthers: (url: string) => boolean;
  /** Whoever waits for an end, wherever the ask is. */
  readonly #waiting = new IdMap<Pending>();
  readonly #line: Line;
  readonly #downloads = new Downloads({ valueBytesMax, patienceMs });
  /** What was sent, has come to nothing, and is to be sent again. */
  readonly #again = new Fifo<Pending>();
  readonly #times: Times;
  readonly #alarm: Alarm;
  /** Takes what is asked. */
  #connection: Connection | undefined;
  /** What has been answered, and over which connection, while that is being told. */
  #answering: { readonly pending: Pending; readonly connection: Connection } | undefined;
  #lastId = 0;
  #keptBytes = 0;

  /** `hasOthers`: whether a node may be elsewhere than at `url`. */
  constructor(platform: Platform, options: AsksOptions, hasOthers: (url: string) => boolean) {
    this.#platform = platform;
    this.#options = options;
    this.#hasOthers = hasOthers;
    this.#line = new Line(options.line);
    this.#alarm = new Alarm(platform, () => {
      this.#onDue();
    });
    this.#times = new Times({
      now: () => platform.now(),
      ring: (dueMs) => {
        this.#alarm.set(dueMs);
      },
      receivedBytes: (id) => this.#downloads.receivedBytes(id),
    });
  }

  /** How many wait for their end. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The number of the last ask. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Asks; the end is told to `asker`. Answers the number by which {@link withdraw} names it. */
  ask(ask: PendingAsk, asker: Asker): number {
    const pending = new Pending(this.#nextId(), ask, asker);
    const connection = this.#connection;
    if (connection === undefined || this.#isBusy) return this.#lineUp(pending, connection);
    pending.write(connection.outbox.writer);
    const bytes = connection.outbox.commit(connection.remoteMessageBytesMax);
    if (bytes > 0) {
      this.#waitFor(pending);
      this.#sent(pending, connection);
    } else if (bytes < 0) asker.failed(tooLarge(-bytes, connection));
    else asker.failed(bytesOverloaded(connection.outbox.queuedBytes, this.#options.line.bytesMax));
    return pending.id;
  }

  /** Cancels what has not ended; its asker hears no more. */
  withdraw(id: number): void {
    const pending = this.#waiting.take(id);
    if (pending === undefined) return;
    this.#times.ended(pending);
    this.#letGo(pending);
    this.#cancel(pending);
  }

  /** What is asked from now on goes over `connection`; what waits in line, too. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.#downloads.opened(connection.channel, this.#platform.now());
    for (const pending of this.#unsent()) this.#times.reached(pending);
    this.#advance();
  }

  /** Nobody can be asked for the moment. */
  suspend(): void {
    this.#connection = undefined;
    for (const pending of this.#unsent()) this.#times.unreached(pending); // (C5)
  }

  /** The node has ended something. */
  received(connection: Connection, message: Message): void {
    if (message.kind === "refused") {
      writeFailure(connection.outbox.writer, message.id, message.error);
      connection.outbox.commit();
      return;
    }
    if (message.kind === "failure") {
      const { id, error } = message;
      const pending = this.#waiting.get(id);
      if (pending?.connection === connection && this.#isAskedAgain(pending, error, connection)) {
        return this.#askAgain(pending);
      }
      const told = pending?.failureOf(error, connection.nodeName) ?? error;
      return this.#takeAwaited(connection, id)?.asker.failed(told); // (C1)
    }
    if (message.kind === "event") return this.#told(connection, message);
    const nowMs = this.#platform.now();
    if (this.#downloads.receive(connection.channel, message, nowMs)) return;
    if (message.kind !== "answer" && message.kind !== "results") return;
    if (!isComplete(message)) return this.#download(connection, message, nowMs);
    connection.begun(); // while it is told, streams of it may be opened (C10)
    const pending = this.#takeAwaited(connection, message.id);
    if (pending === undefined)
      this.#downloads.unwanted(message); // (C3)
    else this.#answered(pending, message, connection);
    connection.ended();
  }

  /** Lets the program read a stream of the answer that is being told. */
  openStream(stream: ResultRef): ItemReader {
    const answering = this.#answering;
    answering?.connection.begun(); // (C10)
    const host = {
      left: (): void => answering?.connection.ended(),
      hasTime: answering !== undefined && answering.pending.waitMs > 0,
    };
    const untilMs = answering && this.#times.untilMs(answering.pending);
    const reader = this.#downloads.open({ ...stream, untilMs }, this.#options.codec, () => this.#platform.now(), host);
    this.#setAlarm();
    return reader;
  }

  /** Something has happened to what is under way. */
  #told(connection: Connection, { id, missed, value, event }: EventMessage): void {
    const pending = this.#waiting.get(id);
    if (pending?.connection !== connection) return; // (C3)
    if (missed > 0) pending.asker.event?.({ kind: "missed", count: missed }, undefined);
    const told = this.#options.codec.decode(event) as RequestEvent;
    if (told.kind === "received") pending.coordinator = told.node;
    pending.asker.event?.(told, value);
  }

  /** Fetches what the answer refers to; it has come, and is not asked for again. */
  #download(connection: Connection, message: AnswerMessage | ResultsMessage, nowMs: number): void {
    const { id } = message;
    const pending = this.#waiting.get(id);
    if (pending?.connection !== connection) return this.#downloads.unwanted(message); // (C3)
    pending.connection = undefined;
    pending.answeredBy = connection; // (C10)
    this.#times.answered(pending);
    this.#downloads.complete(
      message,
      nowMs,
      (complete) => {
        connection.begun();
        this.#ended(pending);
        this.#answered(pending, complete, connection);
        connection.ended();
      },
      (error) => {
        if (this.#mayAskAnew(pending, error, connection)) return this.#askAgain(pending); // (C9)
        this.#ended(pending);
        pending.asker.failed(error.at({ node: connection.nodeName }));
      },
      pending.waitMs > 0,
    );
  }

  #answered(pending: Pending, message: CompleteAnswer, connection: Connection): void {
    const { asker } = pending;
    this.#answering = { pending, connection };
    const summary = message.summary === undefined ? undefined : this.#summary(message.summary);
    if (message.kind === "answer")
      asker.answered(message.value, message.timings, summary); // (C1)
    else asker.results(message.outputs, message.reports, summary);
    this.#answering = undefined;
  }

  /** What waits for the end of that ask, which has come over `connection`. */
  #takeAwaited(connection: Connection, id: number): Pending | undefined {
    const pending = this.#waiting.get(id);
    const isAwaited = pending?.connection === connection;
    if (isAwaited) this.#ended(pending);
    if (this.#hasUnsent) this.#advance(); // also for what was cancelled: the node has room again
    return isAwaited ? pending : undefined; // (C3)
  }

  /** The connection is gone: what was asked over it is asked again, or lost with it. (C7) */
  lost(connection: Connection, { reason }: Goodbye): void {
    if (this.#connection === connection) this.#connection = undefined;
    const message = `The connection to ${shownUrl(connection.url)} ended before the answer came: ${reason}`;
    this.#downloads.lost(connection.channel, this.#platform.now());
    this.#setAlarm();
    const lost = this.#waiting.values().filter((pending) => pending.connection === connection);
    for (const pending of lost.sort((a, b) => a.id - b.id)) {
      if (this.#mayAskAgain(pending, connection)) {
        this.#askAgain(pending);
        continue;
      }
      this.#ended(pending);
      pending.asker.failed(new MpregError("node-lost", message, { outcome: "unknown", node: connection.nodeName })); // (C1)
    }
  }

  /** Notes where it was asked; answers whether that can be told to the next node. */
  #mayAskAgain(pending: Pending, { place }: Connection): boolean {
    if (isLook(pending.ask)) return pending.ask.kind !== "topic" || !pending.ask.isOnce;
    const before = pending.places ?? [];
    if (place === undefined || pending.keptBytes === 0) return false;
    const others = before.filter(({ run }) => !areSameBytes(run, place.run));
    if (others.length >= resumePlacesMax) return false;
    pending.places = [...others, place];
    return true;
  }

  /** Whether an ask whose answer is lost may be asked for once more. (C9) */
  #mayAskAnew(pending: Pending, error: MpregError, { place }: Connection): boolean {
    if (error.code !== "result-lost" || place === undefined || !this.#options.reconnect) return false;
    if (pending.keptBytes === 0 || ++pending.anew > anewMax) return false;
    pending.toldBefore = error;
    pending.places = [{ publicKey: place.publicKey, run: noRun }]; // it has run: only what may run twice is run again
    return true;
  }

  /** Nothing can be asked any more: everything ends as `code`. */
  end(code: "closed" | "node-lost", url: string, { reason }: Goodbye): void {
    this.#connection = undefined;
    this.#alarm.clear();
    const ended = (when: string): string => `The connection to ${shownUrl(url)} ended before ${when}: ${reason}`;
    for (let pending = this.#line.first; pending !== undefined; pending = this.#line.first) {
      this.#line.remove(pending.id);
      this.#ended(pending);
      pending.asker.failed(new MpregError(code, ended("the call was sent")));
    }
    this.#downloads.end(new MpregError(code, ended("all of the answer came")), this.#platform.now());
    const message = ended("the answer came");
    for (const pending of this.#waiting.values()) {
      const { connection } = pending;
      const outcome = connection === undefined && pending.places === undefined ? "not-applied" : "unknown";
      this.#ended(pending);
      pending.asker.failed(new MpregError(code, message, { outcome, node: connection?.nodeName })); // (C1)
    }
  }

  /** Whether what has ended so is asked again, of the next node. (C6) (C8) */
  #isAskedAgain(pending: Pending, error: MpregError, connection: Connection): boolean {
    if (error.code !== "closed" || error.node !== connection.nodeName) return false;
    if (!this.#options.reconnect) return false;
    // it takes nothing more: what is asked meanwhile waits for the next
    if (!connection.isLeft && this.#connection === connection) this.suspend();
    if (error.outcome === "not-applied") return true;
    if (!this.#hasOthers(connection.url) || !this.#mayAskAgain(pending, connection)) return false;
    pending.toldBefore = error.at({ node: connection.nodeName });
    return true;
  }

  /** It has come to nothing, and goes to the next node. (C6) */
  #askAgain(pending: Pending): void {
    const { connection } = pending;
    pending.connection = undefined;
    connection?.ended();
    this.#gotAnswer(pending);
    this.#again.push(pending);
    if (this.#connection === undefined) this.#times.unreached(pending);
    else this.#times.reached(pending); // (C5)
    this.#advance();
  }

  #sent(pending: Pending, connection: Connection): void {
    pending.connection = connection;
    connection.begun();
    this.#times.sent(pending, connection);
    if (pending.keptBytes > 0 || connection.place === undefined) return;
    const { bytes } = pending;
    if (this.#keptBytes + bytes > this.#options.resumeBytesMax) return;
    pending.keptBytes = bytes;
    this.#keptBytes += bytes;
  }

  /** It is not waited for any more. */
  #ended(pending: Pending): void {
    this.#waiting.take(pending.id);
    this.#times.ended(pending);
    this.#letGo(pending);
    pending.connection?.ended();
  }

  #letGo(pending: Pending): void {
    this.#keptBytes -= pending.keptBytes;
    pending.keptBytes = 0;
    this.#gotAnswer(pending);
  }

  /** Nothing of its answer is fetched any more. (C10) */
  #gotAnswer(pending: Pending): void {
    pending.answeredBy?.ended();
    pending.answeredBy = undefined;
  }

  /** Keeps it until it has ended, or its time is over. */
  #waitFor(pending: Pending): void {
    this.#waiting.set(pending.id, pending);
    this.#times.asked(pending);
  }

  /** What is to be sent over the next connection. */
  #unsent(): Pending[] {
    const isUnsent = ({ connection, id }: Pending): boolean => connection === undefined && !this.#downloads.has(id);
    return this.#waiting.values().filter(isUnsent);
  }

  /** What is asked now has to wait for its turn. (C4) */
  get #isBusy(): boolean {
    return this.#waiting.size >= this.#options.inFlightMax || this.#hasUnsent;
  }

  get #hasUnsent(): boolean {
    return this.#line.size > 0 || this.#again.size > 0;
  }

  #lineUp(pending: Pending, connection: Connection | undefined): number {
    try {
      this.#line.add(pending, connection?.outbox.queuedBytes ?? 0);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      pending.asker.failed(error);
      return pending.id;
    }
    this.#waitFor(pending);
    if (connection === undefined) this.#times.unreached(pending); // (C5)
    return pending.id;
  }

  /** Sends what waits, as far as there is room. Call it when something has ended, cancelled or not. */
  #advance(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    for (let pending = this.#again.first; pending !== undefined; pending = this.#again.first) {
      const isWaiting = this.#waiting.get(pending.id) === pending; // else it was withdrawn, or its time is over
      if (isWaiting && !this.#sendLate(pending, connection)) return;
      this.#again.shift();
    }
    while (this.#line.size > 0 && this.#waiting.size - this.#line.size < this.#options.inFlightMax) {
      const pending = this.#line.first;
      if (pending === undefined || !this.#sendLate(pending, connection)) return;
    }
  }

  /** Sends what has waited; answers `false` when the link is full of what will be answered, which leads here again. */
  #sendLate(pending: Pending, connection: Connection): boolean {
    const { outbox, remoteMessageBytesMax } = connection;
    if (pending.places !== undefined && connection.place === undefined) {
      this.#ended(pending);
      const message = `${connection.nodeName ?? "The node"} does not know how to go on with what another node was asked`;
      pending.asker.failed(new MpregError("node-lost", message, { outcome: "unknown" })); // (C7)
      return true;
    }
    pending.writeLate(outbox.writer, this.#platform.now());
    const bytes = outbox.commit(remoteMessageBytesMax);
    if (bytes === 0) return false;
    this.#line.remove(pending.id);
    if (bytes > 0) {
      this.#sent(pending, connection);
    } else {
      this.#ended(pending);
      pending.asker.failed(tooLarge(-bytes, connection));
    }
    return true;
  }

  /** Takes an ask back that has not ended; answers whether a node has heard of it. */
  #cancel(pending: Pending): boolean {
    if (this.#line.remove(pending.id)) return false; // (C4)
    const { id, connection } = pending;
    if (this.#downloads.has(id)) {
      this.#downloads.stop(id);
      return true;
    }
    if (connection === undefined) return pending.places !== undefined; // else it has come to nothing where it was sent
    writeCancel(connection.outbox.writer, pending.id);
    connection.outbox.commitCancel();
    connection.ended();
    return true;
  }

  #summary(bytes: Uint8Array): RequestSummary {
    return this.#options.codec.decode(bytes) as RequestSummary;
  }

  #nextId(): number {
    // 0 is the session's own
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#lastId === 0 || this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  #onDue(): void {
    const nowMs = this.#platform.now();
    for (let due = this.#times.takeDue(nowMs); due !== undefined; due = this.#times.takeDue(nowMs)) {
      this.#waiting.take(due.id);
      this.#letGo(due);
      const error = this.#downloads.has(due.id) ? incomplete() : unanswered();
      due.asker.failed(this.#cancel(due) ? error : this.#neverSent(due)); // (C1)
    }
    this.#downloads.onDue(nowMs);
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm.set(Math.min(this.#times.nextDueMs, this.#downloads.nextDueMs));
  }

  #neverSent({ waitMs }: Pending): MpregError {
    const isConnected = this.#connection !== undefined;
    return waitMs === 0 && !isConnected ? neverConnected(patienceMs) : unsent(isConnected);
  }
}
