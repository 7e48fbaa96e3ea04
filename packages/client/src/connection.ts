/**
 * Connection: one link from a client to a node, and the asks that wait on it.
 *
 * (C1) Every ask ends exactly once: with its answer, its failure, its deadline, or the end of the connection.
 * (C2) Asks of one turn of the event loop leave in one frame.
 * (C3) An answer to an id that is not waited for (any more) changes nothing.
 */
import { type Deadline, Deadlines, MpregError } from "@mpreg/core/base";
import { type Goodbye, Link, type LinkHost, type LinkOptions, frameBytesMax } from "@mpreg/core/link";
import type { Asker, CallFields, RequestFields, RequestSummary } from "@mpreg/core/rpc";
import { IdMap } from "@mpreg/core/structures";
import { type Codec } from "@mpreg/core/values";
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
import type { Platform, Socket } from "./platform.js";

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
  readonly connectTimeoutMs: number;
}

/** An asker that waits only so long. */
class Timed implements Asker, Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: number;
  readonly #asker: Asker;
  readonly #deadlines: Deadlines<Timed>;

  constructor(id: number, asker: Asker, deadlines: Deadlines<Timed>) {
    this.id = id;
    this.#asker = asker;
    this.#deadlines = deadlines;
  }

  answered(...answer: Parameters<Asker["answered"]>): void {
    this.#deadlines.remove(this);
    this.#asker.answered(...answer);
  }

  results(...results: Parameters<Asker["results"]>): void {
    this.#deadlines.remove(this);
    this.#asker.results(...results);
  }

  failed(error: MpregError): void {
    this.#deadlines.remove(this);
    this.#asker.failed(error);
  }

  withdrawn(): void {
    this.#deadlines.remove(this);
  }
}

export class Connection {
  readonly #platform: Platform;
  readonly #options: ConnectionOptions;
  readonly #onOpen: () => void;
  readonly #onGone: (reason: Goodbye) => void;
  readonly #waiting = new IdMap<Asker>();
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
    this.#link = new Link(1, "dialed", this.#host(), options.link, platform.now());
    const { connectTimeoutMs, ca, link, url } = options;
    const socket = {
      subprotocol,
      frameBytesMax: link.limits.messageBytesMax + frameBytesMax,
      timeoutMs: connectTimeoutMs,
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
    const id = this.#nextId();
    writeCall(this.#link.outbox.writer, id, fields);
    return this.#commit(id, fields.timeoutMs, asker);
  }

  /** As {@link call}, for a request. */
  request(fields: RequestFields, asker: Asker): number {
    const id = this.#nextId();
    writeRequest(this.#link.outbox.writer, id, fields);
    return this.#commit(id, fields.timeoutMs, asker);
  }

  /** Asks the node about itself and its cluster. */
  inspect(subject: InspectSubject, asker: Asker): number {
    const id = this.#nextId();
    writeInspect(this.#link.outbox.writer, id, subject);
    return this.#commit(id, 0, asker);
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

  #commit(id: number, timeoutMs: number, asker: Asker): number {
    const { outbox, remoteMessageBytesMax } = this.#link;
    const bytes = outbox.commit(remoteMessageBytesMax);
    if (bytes <= 0) {
      const message =
        bytes === 0
          ? `Cannot send: ${outbox.queuedBytes} bytes wait to be sent already`
          : `Cannot send ${-bytes} bytes: the node accepts messages of ${remoteMessageBytesMax}`;
      asker.failed(new MpregError(bytes === 0 ? "overloaded" : "too-large", message));
      return id;
    }
    if (timeoutMs === 0) {
      this.#waiting.set(id, asker);
      return id;
    }
    const timed = new Timed(id, asker, this.#deadlines);
    this.#waiting.set(id, timed);
    this.#deadlines.set(timed, this.#platform.now() + timeoutMs + graceMs);
    this.#setTimer();
    return id;
  }

  #cancel(id: number): void {
    writeCancel(this.#link.outbox.writer, id);
    this.#link.outbox.commitCancel();
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
    const message = `The connection to ${this.#options.url} ended before the answer came: ${goodbye.reason}`;
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
      this.#cancel(due.id);
      const message = "The time allowed ran out and the node has not answered";
      due.failed(new MpregError("deadline", message, { outcome: "unknown" })); // (C1)
    }
    this.#link.onDue(nowMs);
    this.#setTimer();
  };
}
