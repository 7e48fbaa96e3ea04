/**
 * Connection: one link from a client to a node, and the asks that wait on it.
 *
 * (C1) Every ask ends exactly once: with its answer, its failure, its deadline, or the end of the connection.
 * (C2) Asks of one turn of the event loop leave in one frame.
 * (C3) An answer to an id that is not waited for (any more) changes nothing.
 * (C4) At most `inFlightMax` asks are under way at the node; others wait in line (`line.ts`), and reach it when it is their
 *      turn or not at all.
 */
import { Deadlines, MpregError } from "@mpreg/core/base";
import { type Goodbye, Link, type LinkHost, type LinkOptions, frameBytesMax } from "@mpreg/core/link";
import type { Asker, CallFields, RequestFields, RequestSummary } from "@mpreg/core/rpc";
import { IdMap } from "@mpreg/core/structures";
import type { Codec } from "@mpreg/core/values";
import {
  type InspectSubject,
  type Message,
  TextCache,
  subprotocol,
  writeCall,
  writeCancel,
  writeFailure,
  writeInspect,
  writeRequest,
} from "@mpreg/core/wire";
import { Line, type LineAsk, type LineLimits, type Place, bytesOverloaded } from "./line.js";
import type { Platform, Socket } from "./platform.js";
import { Timed } from "./timed.js";

/** Beyond the time allowed: how long the node may take to say itself that it ran out. */
const graceMs = 500;
const timerMsMax = 2 ** 31 - 1;
const closeCodes: Partial<Record<Goodbye["code"], number>> = { malformed: 1002, refused: 1008 };

export interface ConnectionOptions {
  readonly url: string;
  readonly codec: Codec;
  readonly link: LinkOptions;
  readonly credentials: Uint8Array | undefined;
  readonly ca: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  /** Asks under way at a time. */
  readonly inFlightMax: number;
  readonly line: LineLimits;
}

export class Connection {
  readonly #platform: Platform;
  readonly #options: ConnectionOptions;
  readonly #onOpen: () => void;
  readonly #onGone: (reason: Goodbye) => void;
  /** Whoever waits for an end, wherever the ask is. */
  readonly #waiting = new IdMap<Asker>();
  readonly #line: Line;
  readonly #deadlines = new Deadlines<Timed>();
  readonly #link: Link;
  readonly #socket: Socket;
  #lastId = 0;
  #flushing = false;
  #closedHere = false;
  #nodeName: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;

  /** Opens a connection; `onOpen` follows, or `onGone` with the reason. */
  constructor(platform: Platform, options: ConnectionOptions, onOpen: () => void, onGone: (reason: Goodbye) => void) {
    this.#platform = platform;
    this.#options = options;
    this.#onOpen = onOpen;
    this.#onGone = onGone;
    this.#line = new Line(options.line);
    this.#link = new Link(1, "dialed", this.#host(), options.link, platform.now());
    const { timeoutMs, ca, link, url } = options;
    const socket = {
      subprotocol,
      frameBytesMax: link.limits.messageBytesMax + frameBytesMax,
      timeoutMs,
      ca,
    };
    this.#socket = platform.openSocket(url, socket, {
      onOpen: () => {
        this.#link.start();
        this.#setTimer();
      },
      onFrame: (frame) => {
        this.#link.receive(frame, platform.now());
        this.#setTimer();
      },
      onWritable: () => {
        this.#link.writable();
      },
      onClose: (reason) => {
        this.#link.lost({ code: "transport", reason }, platform.now());
      },
    });
  }

  get open(): boolean {
    return this.#link.open;
  }

  /** Name of the node, once it has introduced itself. */
  get nodeName(): string | undefined {
    return this.#nodeName;
  }

  /** How many asks wait for their end. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends a call; its end is told to `asker`. Answers the number by which {@link withdraw} names it. */
  call(fields: CallFields, asker: Asker): number {
    if (this.#isBusy) return this.#lineUp({ kind: "call", fields }, withGrace(fields.timeoutMs), asker);
    const id = this.#nextId();
    writeCall(this.#link.outbox.writer, id, fields);
    return this.#commit(id, withGrace(fields.timeoutMs), asker);
  }

  /** As {@link call}, for a request. */
  request(fields: RequestFields, asker: Asker): number {
    if (this.#isBusy) return this.#lineUp({ kind: "request", fields }, withGrace(fields.timeoutMs), asker);
    const id = this.#nextId();
    writeRequest(this.#link.outbox.writer, id, fields);
    return this.#commit(id, withGrace(fields.timeoutMs), asker);
  }

  /** Asks the node about itself and its cluster. `timeoutMs` 0: for as long as it takes. */
  inspect(subject: InspectSubject, timeoutMs: number, asker: Asker): number {
    if (this.#isBusy) return this.#lineUp({ kind: "inspect", subject }, timeoutMs, asker);
    const id = this.#nextId();
    writeInspect(this.#link.outbox.writer, id, subject);
    return this.#commit(id, timeoutMs, asker);
  }

  /** Cancels what has not ended; its asker hears no more. */
  withdraw(id: number): void {
    const asker = this.#waiting.take(id);
    if (asker === undefined) return;
    if (asker instanceof Timed) asker.withdrawn();
    this.#cancel(id);
  }

  /** Ends the connection; what waits is told `closed`. */
  close(reason: string): void {
    this.#closedHere = true;
    this.#link.end({ code: "closing", reason }, this.#platform.now());
  }

  #commit(id: number, waitMs: number, asker: Asker): number {
    const { outbox, remoteMessageBytesMax } = this.#link;
    const bytes = outbox.commit(remoteMessageBytesMax);
    if (bytes > 0) this.#waitFor(id, waitMs, asker);
    else if (bytes < 0) asker.failed(this.#tooLarge(-bytes));
    else asker.failed(bytesOverloaded(outbox.queuedBytes, this.#options.line.bytesMax));
    return id;
  }

  /** Keeps `asker` until the ask has ended, or its time is over; 0: for as long as it takes. */
  #waitFor(id: number, waitMs: number, asker: Asker): void {
    if (waitMs === 0) {
      this.#waiting.set(id, asker);
      return;
    }
    const timed = new Timed(id, asker, this.#deadlines);
    this.#waiting.set(id, timed);
    this.#deadlines.set(timed, this.#platform.now() + waitMs);
    this.#setTimer();
  }

  /** What is asked now has to wait for its turn. (C4) */
  get #isBusy(): boolean {
    return this.#waiting.size >= this.#options.inFlightMax || this.#line.size > 0;
  }

  #lineUp(ask: LineAsk, waitMs: number, asker: Asker): number {
    const id = this.#nextId();
    try {
      this.#line.add(id, ask, this.#link.outbox.queuedBytes, this.#platform.now());
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      asker.failed(error);
      return id;
    }
    this.#waitFor(id, waitMs, asker);
    return id;
  }

  /** Sends what waits in line, as far as there is room. Call it when the node has ended something, cancelled or not. */
  #advance(): void {
    const { outbox, remoteMessageBytesMax } = this.#link;
    while (this.#line.size > 0 && this.#waiting.size - this.#line.size < this.#options.inFlightMax) {
      const place = this.#line.first;
      if (place?.ask === undefined) return;
      this.#write(place.id, place.ask, place);
      const bytes = outbox.commit(remoteMessageBytesMax);
      if (bytes === 0) return; // the link is full of what will be answered, which leads here again
      this.#line.remove(place.id);
      if (bytes < 0) this.#waiting.take(place.id)?.failed(this.#tooLarge(-bytes));
    }
  }

  /** Writes an ask that has waited; it has the time that is left of its own. */
  #write(id: number, ask: LineAsk, { sinceMs }: Place): void {
    const { writer } = this.#link.outbox;
    if (ask.kind === "inspect") return writeInspect(writer, id, ask.subject);
    const { timeoutMs } = ask.fields;
    const leftMs = timeoutMs === 0 ? 0 : Math.max(1, Math.ceil(timeoutMs - (this.#platform.now() - sinceMs)));
    if (ask.kind === "call") writeCall(writer, id, { ...ask.fields, timeoutMs: leftMs });
    else writeRequest(writer, id, { ...ask.fields, timeoutMs: leftMs });
  }

  #tooLarge(bytes: number): MpregError {
    const message = `Cannot send ${bytes} bytes: the node accepts messages of ${this.#link.remoteMessageBytesMax}`;
    return new MpregError("too-large", message);
  }

  /** Takes an ask back that has not ended; answers whether the node has heard of it. */
  #cancel(id: number): boolean {
    if (this.#line.remove(id)) return false; // (C4)
    writeCancel(this.#link.outbox.writer, id);
    this.#link.outbox.commitCancel();
    return true;
  }

  #host(): LinkHost {
    const { credentials } = this.#options;
    return {
      identity: undefined,
      credentials,
      signer: undefined,
      random: this.#platform.random,
      utf8: this.#platform.utf8,
      texts: new TextCache(this.#platform.utf8),
      queued: () => {
        if (this.#flushing) return;
        this.#flushing = true;
        this.#platform.endOfTurn(this.#flush); // (C2)
      },
      send: (_link, frame) => this.#socket.send(frame),
      close: (_link, { code, reason }) => {
        this.#socket.close(closeCodes[code] ?? 1000, reason.slice(0, 100));
      },
      admit: (remote) => {
        if (remote.kind === "node") this.#nodeName = remote.identity.name;
        return { allow: true };
      },
      opened: () => {
        this.#onOpen();
      },
      message: (message) => {
        this.#receive(message);
      },
      closed: (goodbye) => {
        this.#gone(goodbye);
      },
    };
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    this.#link.flush();
  };

  #receive(message: Message): void {
    if (message.kind === "refused") {
      writeFailure(this.#link.outbox.writer, message.id, message.error);
      this.#link.outbox.commit();
      return;
    }
    if (message.kind !== "answer" && message.kind !== "results" && message.kind !== "failure") return;
    const asker = this.#waiting.take(message.id);
    if (this.#line.size > 0) this.#advance();
    if (asker === undefined) return; // (C3)
    if (message.kind === "failure") return asker.failed(message.error); // (C1)
    const summary = message.summary === undefined ? undefined : this.#summary(message.summary);
    if (message.kind === "answer") asker.answered(message.value, message.timings, summary);
    else asker.results(message.outputs, message.reports, summary);
  }

  #summary(bytes: Uint8Array): RequestSummary {
    return this.#options.codec.decode(bytes) as RequestSummary;
  }

  #gone(goodbye: Goodbye): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const code = this.#closedHere ? "closed" : "node-lost";
    const ended = (when: string): string =>
      `The connection to ${this.#options.url} ended before ${when}: ${goodbye.reason}`;
    for (let place = this.#line.first; place !== undefined; place = this.#line.first) {
      this.#line.remove(place.id);
      this.#waiting.take(place.id)?.failed(new MpregError(code, ended("the call was sent")));
    }
    const message = ended("the answer came");
    for (const asker of this.#waiting.takeAll()) asker.failed(new MpregError(code, message, { outcome: "unknown" })); // (C1)
    this.#onGone(goodbye);
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  #setTimer(): void {
    const dueMs = Math.min(this.#deadlines.nextDueMs, this.#link.nextDueMs);
    if (dueMs >= this.#timerDueMs || this.#link.closed) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(this.#onTimer, Math.min(timerMsMax, Math.max(1, Math.ceil(dueMs - this.#platform.now()))));
  }

  readonly #onTimer = (): void => {
    this.#timerDueMs = Infinity;
    const nowMs = this.#platform.now();
    for (let due = this.#deadlines.takeDue(nowMs); due !== undefined; due = this.#deadlines.takeDue(nowMs)) {
      this.#waiting.take(due.id);
      due.failed(this.#cancel(due.id) ? unanswered() : unsent()); // (C1)
    }
    this.#link.onDue(nowMs);
    this.#setTimer();
  };
}

/** How long to wait for the end of what has so much time: the node, which knows more, is to say first that it is over. */
function withGrace(timeoutMs: number): number {
  return timeoutMs === 0 ? 0 : timeoutMs + graceMs;
}

function unanswered(): MpregError {
  const message = "The time allowed ran out and the node has not answered";
  return new MpregError("deadline", message, { outcome: "unknown" });
}

function unsent(): MpregError {
  return new MpregError("deadline", "The time allowed ran out while it waited to be sent (inFlightMax of connect)");
}
