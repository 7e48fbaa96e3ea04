/**
 * Connection: one link from a client to a node, and the asks that wait on it.
 *
 * (C1) Every ask ends exactly once: with its answer, its failure, its deadline, or the end of the connection.
 * (C2) Asks of one turn of the event loop leave in one frame.
 * (C3) An answer to an id that is not waited for (any more) changes nothing.
 */
import { type Deadline, Deadlines, MpregError } from "@mpreg/core/base";
import { type Goodbye, Link, type LinkHost, type LinkOptions, frameBytesMax } from "@mpreg/core/link";
import type { Ask, RequestSummary, Settled } from "@mpreg/core/rpc";
import {
  type Codec, type InspectSubject, type Message, subprotocol, writeCall, writeCancel, writeInspect, writeRequest,
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

class Pending implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: number;
  readonly what: string;
  readonly onEnd: (settled: Settled) => void;

  constructor(id: number, what: string, onEnd: (settled: Settled) => void) {
    this.id = id;
    this.what = what;
    this.onEnd = onEnd;
  }
}

export class Connection {
  readonly #platform: Platform;
  readonly #options: ConnectionOptions;
  readonly #onOpen: () => void;
  readonly #onGone: (reason: Goodbye) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #deadlines = new Deadlines<Pending>();
  readonly #link: Link;
  readonly #socket: Socket;
  #lastId = 0;
  #flushing = false;
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
    const socket = { subprotocol, frameBytesMax: link.limits.messageBytesMax + frameBytesMax, timeoutMs: connectTimeoutMs, ca };
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

  /** How many asks wait for their end. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Sends `ask`; its end is told to `onEnd` once, unless the function that comes back is called before. */
  ask(ask: Ask, onEnd: (settled: Settled) => void): () => void {
    const id = this.#nextId();
    const { writer } = this.#link.outbox;
    if (ask.kind === "call") writeCall(writer, { id, ...ask.fields });
    else writeRequest(writer, { id, ...ask.fields });
    const what = ask.kind === "call" ? `call of "${ask.fields.fun}"` : "request";
    const pending = new Pending(id, what, onEnd);
    if (!this.#commit(pending)) return nothing;
    if (ask.fields.timeoutMs > 0) {
      this.#deadlines.set(pending, this.#platform.now() + ask.fields.timeoutMs + graceMs);
      this.#setTimer();
    }
    return () => {
      if (!this.#forget(pending)) return;
      writeCancel(writer, id);
      this.#link.outbox.commit();
    };
  }

  /** Asks the node about itself and its cluster. */
  inspect(subject: InspectSubject, onEnd: (settled: Settled) => void): void {
    const id = this.#nextId();
    writeInspect(this.#link.outbox.writer, id, subject);
    this.#commit(new Pending(id, `inspection of ${subject}`, onEnd));
  }

  /** Ends the connection; what waits is told `closed`. */
  close(reason: string): void {
    this.#link.end({ code: "closing", reason }, this.#platform.now());
  }

  #commit(pending: Pending): boolean {
    const { outbox, remoteMessageBytesMax } = this.#link;
    const bytes = outbox.commit();
    if (bytes > 0 && bytes <= remoteMessageBytesMax) {
      this.#pending.set(pending.id, pending);
      return true;
    }
    const error =
      bytes === 0
        ? new MpregError("overloaded", `Cannot send the ${pending.what}: ${outbox.queuedBytes} bytes wait to be sent`)
        : new MpregError("too-large", `Cannot send the ${pending.what}: it takes ${bytes} bytes, the node accepts ${remoteMessageBytesMax}`);
    pending.onEnd({ kind: "failed", error });
    return false;
  }

  #host(): LinkHost {
    const { credentials } = this.#options;
    return {
      identity: undefined,
      credentials,
      signer: undefined,
      random: this.#platform.random,
      utf8: this.#platform.utf8,
      queued: () => {
        if (this.#flushing) return;
        this.#flushing = true;
        this.#platform.endOfTurn(this.#flush); // (C2)
      },
      send: (_link, frame) => this.#socket.send(frame),
      close: (_link, { code, reason }) => {
        this.#socket.close(closeCodes[code] ?? 1000, reason.slice(0, 100));
      },
      admit: () => ({ allow: true }),
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
    if (message.kind !== "answer" && message.kind !== "results" && message.kind !== "failure") return;
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return; // (C3)
    this.#forget(pending);
    if (message.kind === "failure") return pending.onEnd({ kind: "failed", error: message.error });
    const summary = message.summary === undefined ? undefined : this.#summary(message.summary);
    if (message.kind === "answer") pending.onEnd({ kind: "answered", value: message.value, summary });
    else pending.onEnd({ kind: "results", outputs: message.outputs, reports: message.reports, summary });
  }

  #summary(bytes: Uint8Array): RequestSummary {
    return this.#options.codec.decode(bytes) as RequestSummary;
  }

  #gone(goodbye: Goodbye): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    const closed = goodbye.code === "closing";
    for (const pending of waiting) {
      this.#deadlines.remove(pending);
      const message = `The connection to ${this.#options.url} ended before the ${pending.what} did: ${goodbye.reason}`;
      const error = new MpregError(closed ? "closed" : "node-lost", message, { outcome: "unknown" });
      pending.onEnd({ kind: "failed", error }); // (C1)
    }
    this.#onGone(goodbye);
  }

  #forget(pending: Pending): boolean {
    if (pending.heapIndex >= 0) this.#deadlines.remove(pending);
    return this.#pending.delete(pending.id);
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#pending.has(this.#lastId));
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
      this.#forget(due);
      writeCancel(this.#link.outbox.writer, due.id);
      this.#link.outbox.commit();
      const message = `The time allowed for the ${due.what} ran out and the node has not answered`;
      due.onEnd({ kind: "failed", error: new MpregError("deadline", message, { outcome: "unknown" }) }); // (C1)
    }
    this.#link.onDue(nowMs);
    this.#setTimer();
  };
}

function nothing(): void {
  // there is nothing to withdraw: the ask has failed already
}
