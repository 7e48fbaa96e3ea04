/**
 * Link: the machine of one connection, from hello to goodbye.
 *
 * Owns the handshake, the flow of bytes in both directions and the signs of life. What the messages ask for is the
 * host's business; opening and closing transports is the driver's.
 *
 *     dialer                         acceptor
 *     hello (identity, nonce)   →
 *                               ←    hello (identity, nonce), prove
 *     prove (nodes only)        →
 *                               ←    open
 *
 * (L1) No message but the handshake's is believed before the link is open, and none of them after.
 * (L2) A node is who its key says: its link opens only after its signature over both hellos was checked.
 * (L3) `host.closed` is called exactly once per link.
 * (L4) Bytes are admitted, and credit for them returned, when they have been handed to the host; never later.
 * (L5) Nobody is given up without having been asked, and having had the time to answer: whoever stood still itself (a
 *      process that was stopped, a machine that slept) has heard nothing, and that is not the other side's fault.
 * (L6) A goodbye may overtake what waits here, which is lost then: the host has the word before it.
 * (L7) A ping asks for credit, too: behind all that it is sent for, the far side hears how much of that is admitted.
 */
import { MpregError } from "../base/index.js";
import {
  FrameReader,
  type GoodbyeMessage,
  type HelloMessage,
  type Message,
  Writer,
  protocolVersion,
  writeCredit,
  writeGoodbye,
  writeHello,
  writeOpen,
  writePing,
  writePong,
  writeProve,
} from "../wire/index.js";
import { frames } from "./frames.js";
import { Outbox } from "./outbox.js";
import { nodeIdOf, transcript } from "./transcript.js";
import type { Goodbye, LinkEnd, LinkHost, LinkId, LinkOptions, Remote } from "./types.js";

type Phase =
  /** A dialer waits for the acceptor's hello, an acceptor for the dialer's. */
  | { readonly kind: "greeting" }
  /** Hellos are exchanged; the other side's proof is awaited, and by a dialer the word that the link is open. */
  | { readonly kind: "proving"; readonly remote: Remote; readonly remoteHello: Uint8Array; readonly proved: boolean }
  | { readonly kind: "open"; readonly remote: Remote }
  | { readonly kind: "closed"; readonly end: LinkEnd };

/** Bytes in the transport above which nothing more is given to it until it reports that it is writable. */
const transportBytesMax = 4 * 1024 * 1024;

/** A client that may come back to its answers says that it has got so many bytes of them when it says anything. */
const resumableBytes = 16 * 1024;

/** What the far side says of its goodbye is told to each that waits for something of it. */
const reasonLengthMax = 256;

/** One is enough: no second ping is sent before something was heard. */
const pingId = 1;

/** Less than this nobody may accept: it would not hold an ordinary error. */
const messageBytesMaxMin = 1024;

export class Link {
  /** Largest message the far side accepts. */
  remoteMessageBytesMax = 0;

  readonly id: LinkId;
  readonly direction: "dialed" | "accepted";
  readonly outbox: Outbox;
  readonly #host: LinkHost;
  readonly #options: LinkOptions;
  readonly #frames: FrameReader;
  readonly #isResumable: boolean;
  #phase: Phase = { kind: "greeting" };
  #ownHello: Uint8Array = new Uint8Array(0);
  readonly #startedMs: number;
  #heardMs: number;
  /** When the far side was asked for the sign of life that is awaited. */
  #pingedMs: number | undefined = undefined;
  #admittedBytes = 0;
  #creditedBytes = 0;
  /** Whether the far side has asked what is admitted, in the frame in hand. (L7) */
  #isAsked = false;
  /** Where in its frame the message in hand begins, and whether it was held. */
  #messageStart = 0;
  #isHeld = false;
  /** Bytes that wait in the transport, as far as it was told last. */
  #transportBytes = 0;

  constructor(id: LinkId, direction: "dialed" | "accepted", host: LinkHost, options: LinkOptions, nowMs: number) {
    this.id = id;
    this.direction = direction;
    this.#host = host;
    this.#options = options;
    const queued = (): void => {
      host.queued(id);
    };
    this.outbox = new Outbox(host.utf8, options, queued, () => {
      this.flush();
    });
    this.#frames = new FrameReader(host.texts, options.limits);
    this.#isResumable = host.session !== undefined;
    this.#startedMs = nowMs;
    this.#heardMs = nowMs;
  }

  /** Begins the handshake: the dialer speaks first. */
  start(): void {
    if (this.direction === "dialed") this.#sayHello();
  }

  get open(): boolean {
    return this.#phase.kind === "open";
  }

  get closed(): boolean {
    return this.#phase.kind === "closed";
  }

  /** Who ended the link, and why; `undefined` while it has not ended. */
  get ended(): LinkEnd | undefined {
    return this.#phase.kind === "closed" ? this.#phase.end : undefined;
  }

  /** When the link next needs {@link onDue}. */
  get nextDueMs(): number {
    if (this.#phase.kind === "closed") return Infinity;
    if (this.#phase.kind !== "open") return this.#startedMs + this.#options.handshakeTimeoutMs;
    const { pingIntervalMs, silenceMsMax } = this.#options;
    if (pingIntervalMs === 0) return Infinity;
    if (this.#pingedMs === undefined) return this.#heardMs + pingIntervalMs;
    return Math.max(this.#heardMs + silenceMsMax, this.#pingedMs + silenceMsMax - pingIntervalMs, this.#pingedMs); // (L5)
  }

  /** Whether what is due next is to ask the far side for a sign of life. */
  get asksNext(): boolean {
    return this.open && this.#pingedMs === undefined;
  }

  /** When the far side was heard last. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Bytes that wait for the far side, here and in the transport as far as it was told last. */
  get backlogBytes(): number {
    return this.outbox.queuedBytes + this.#transportBytes;
  }

  /** Hands in the bytes of one frame. */
  receive(frame: Uint8Array, nowMs: number): void {
    if (this.closed) return; // (L3)
    this.#heardMs = nowMs;
    this.#pingedMs = undefined;
    this.#frames.open(frame);
    let freeBytes = 0; // messages that cost no credit
    try {
      for (;;) {
        const start = (this.#messageStart = this.#frames.position);
        const message = this.#frames.next();
        if (message === undefined) break;
        if (this.#phase.kind === "open") {
          this.#isHeld = false;
          const costs = this.#handleOpen(message, nowMs);
          if (!costs || this.#hasHeld()) freeBytes += this.#frames.position - start;
        } else {
          freeBytes += this.#frames.position - start;
          this.#handleGreeting(message, frame.subarray(start, this.#frames.position), nowMs);
        }
        if (this.#hasEnded()) return;
      }
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.end({ code: "malformed", reason: error.message }, nowMs);
      return;
    }
    this.#admit(frame.length - freeBytes); // (L4)
    if (!this.#isAsked) return;
    this.#isAsked = false;
    if (this.#admittedBytes > this.#creditedBytes) this.#credit(); // (L7)
  }

  /** The message in hand is not admitted yet: answers its bytes, which are to be handed to {@link admit} once it is. */
  hold(): number {
    this.#isHeld = true;
    return this.#frames.position - this.#messageStart;
  }

  /** Bytes that were held are admitted. (L4) */
  admit(bytes: number): void {
    this.#admit(bytes);
  }

  /** Gives the transport what is queued. */
  flush(): void {
    if (this.#transportBytes > transportBytesMax || this.outbox.writer.length === 0 || this.closed) return;
    // on the way anyway: the far side keeps what it has sent until it knows that it has come
    if (this.#isResumable && this.#admittedBytes - this.#creditedBytes >= resumableBytes) this.#credit();
    for (const frame of frames(this.outbox.take())) this.#transportBytes = this.#host.send(this.id, frame);
    if (this.#transportBytes === 0 && this.#host.releasesBatches === true) this.outbox.reclaim();
  }

  /** Asks the far side how much of what it was sent until now it has admitted. (L7) */
  ask(): void {
    writePing(this.outbox.writer, pingId);
    this.outbox.commitControl();
  }

  /** The transport can take more. */
  writable(): void {
    this.#transportBytes = 0;
    this.flush();
  }

  /** The time of {@link nextDueMs} has come; the far side may be asked for a sign of life `earlyMs` before. */
  onDue(nowMs: number, earlyMs: number = 0): void {
    if (this.nextDueMs - (this.asksNext ? earlyMs : 0) > nowMs) return;
    if (this.#phase.kind !== "open") {
      this.end({ code: "silent", reason: `no handshake within ${this.#options.handshakeTimeoutMs} ms` }, nowMs);
    } else if (this.#pingedMs === undefined) {
      this.#pingedMs = nowMs;
      this.ask();
    } else {
      this.end({ code: "silent", reason: `nothing heard for ${this.#options.silenceMsMax} ms` }, nowMs);
    }
  }

  /** Says goodbye and closes the transport. */
  end(goodbye: Goodbye, nowMs: number): void {
    if (this.closed) return;
    const { writer: batch, queuedBytes } = this.outbox;
    const isStuffed = this.#transportBytes > transportBytesMax;
    const isCut = this.open && queuedBytes > (isStuffed ? 0 : batch.length); // (L6)
    const last = isCut ? this.#host.unsent?.() : undefined;
    if (isStuffed) {
      // what waits here is not sent any more; why is said all the same, or the far side would take it for a broken line
      const writer = new Writer(this.#host.utf8);
      if (last !== undefined) writer.raw(last);
      writeGoodbye(writer, goodbye.code, goodbye.reason);
      writer.end();
      this.#host.send(this.id, writer.take());
    } else {
      if (last !== undefined) this.outbox.control(last);
      writeGoodbye(batch, goodbye.code, goodbye.reason);
      this.outbox.commitControl();
      this.flush();
    }
    this.#gone(goodbye, "here", nowMs);
    this.#host.close(this.id, goodbye);
  }

  /** The transport is gone. */
  lost(goodbye: Goodbye, nowMs: number): void {
    if (!this.closed) this.#gone(goodbye, "transport", nowMs);
  }

  #gone(goodbye: Goodbye, by: LinkEnd["by"], nowMs: number): void {
    this.#phase = { kind: "closed", end: { goodbye, by } };
    this.#host.closed(goodbye, nowMs); // (L3)
  }

  /** The far side has said goodbye. */
  #parted(message: GoodbyeMessage, nowMs: number): void {
    const goodbye: Goodbye = { code: goodbyeCode(message.code), reason: message.reason.slice(0, reasonLengthMax) };
    this.#gone(goodbye, "there", nowMs);
    this.#host.close(this.id, goodbye);
  }

  /** Whoever took the message may have held it. */
  #hasHeld(): boolean {
    return this.#isHeld;
  }

  /** Any message may have ended the link. */
  #hasEnded(): boolean {
    return this.closed;
  }

  /** Answers whether the message costs credit. */
  #handleOpen(message: Message, nowMs: number): boolean {
    switch (message.kind) {
      case "credit":
        this.outbox.credit(message.admittedBytes);
        return false;
      case "ping":
        // whoever leaves that much unread has signs of life enough waiting for it
        if (this.outbox.writer.length > this.#options.queueBytesMax) return false;
        writePong(this.outbox.writer, message.id);
        this.outbox.commitControl();
        this.#isAsked = true;
        return false;
      case "pong":
        return false;
      case "goodbye":
        this.#parted(message, nowMs);
        return false;
      case "hello":
      case "prove":
      case "open":
        throw new MpregError("malformed", `a ${message.kind} on a link that is open`); // (L1)
      case "probe":
      case "probe-ack":
      case "probe-request":
      case "probe-report":
      case "keep":
      case "taken": // what holds the link's credit back may wait for it
        this.#host.message(message, nowMs);
        return false;
      default:
        this.#host.message(message, nowMs);
        return true;
    }
  }

  #handleGreeting(message: Message, bytes: Uint8Array, nowMs: number): void {
    const phase = this.#phase;
    if (message.kind === "goodbye") {
      this.#parted(message, nowMs);
    } else if (message.kind === "hello" && phase.kind === "greeting") {
      this.#greeted(message, bytes.slice(), nowMs);
    } else if (message.kind === "prove" && phase.kind === "proving" && !phase.proved) {
      this.#proved(phase, message.signature, nowMs);
    } else if (message.kind === "open" && phase.kind === "proving" && this.direction === "dialed" && phase.proved) {
      this.#openWith(phase.remote, nowMs);
    } else {
      throw new MpregError("malformed", `a ${message.kind} during the handshake`); // (L1)
    }
  }

  #greeted(hello: HelloMessage, bytes: Uint8Array, nowMs: number): void {
    const { min, max } = protocolVersion;
    if (hello.versionMin > max || hello.versionMax < min) {
      const reason = `this side speaks protocol versions ${min} to ${max}, the other ${hello.versionMin} to ${hello.versionMax}`;
      this.end({ code: "refused", reason }, nowMs);
      return;
    }
    if (hello.windowBytes < 1 || hello.messageBytesMax < messageBytesMaxMin) {
      const reason = `a side must accept messages of ${messageBytesMaxMin} bytes, and at least one byte unadmitted`;
      this.end({ code: "refused", reason }, nowMs);
      return;
    }
    const remote = this.#remoteOf(hello);
    if (remote.kind === "client" && this.direction === "dialed") {
      return this.end({ code: "refused", reason: "the side that was dialled does not say which node it is" }, nowMs);
    }
    const decision = this.#host.admit(remote);
    if (!decision.allow) return this.end({ code: "refused", reason: decision.reason }, nowMs);
    this.outbox.setWindow(hello.windowBytes);
    this.remoteMessageBytesMax = hello.messageBytesMax;
    if (this.direction === "dialed") {
      this.#phase = { kind: "proving", remote, remoteHello: bytes, proved: false };
      return;
    }
    this.#sayHello(hello);
    this.#prove(bytes);
    if (remote.kind === "client") {
      writeOpen(this.outbox.writer);
      this.outbox.commitControl();
      this.#openWith(remote, nowMs);
    } else {
      this.#phase = { kind: "proving", remote, remoteHello: bytes, proved: false };
    }
  }

  #proved(phase: Extract<Phase, { kind: "proving" }>, signature: Uint8Array, nowMs: number): void {
    const { remote, remoteHello } = phase;
    const { signer } = this.#host;
    if (remote.kind === "node" && signer !== undefined) {
      const dialed = this.direction === "dialed";
      const signed = dialed
        ? transcript("acceptor", this.#ownHello, remoteHello)
        : transcript("dialer", remoteHello, this.#ownHello);
      if (!signer.verify(remote.identity.publicKey, signed, signature)) {
        this.end({ code: "refused", reason: "the signature does not belong to the key" }, nowMs); // (L2)
        return;
      }
    }
    if (this.direction === "accepted") {
      writeOpen(this.outbox.writer);
      this.outbox.commitControl();
      this.#openWith(remote, nowMs);
      return;
    }
    if (this.#host.identity !== undefined) this.#prove(remoteHello);
    this.#phase = { ...phase, proved: true };
  }

  #openWith(remote: Remote, nowMs: number): void {
    this.#phase = { kind: "open", remote };
    this.#host.opened(nowMs);
  }

  #remoteOf(hello: HelloMessage): Remote {
    const { identity } = hello;
    const { signer } = this.#host;
    if (identity === undefined) return { kind: "client", credentials: hello.credentials, session: hello.session };
    const nodeId = signer === undefined ? "" : nodeIdOf(identity.publicKey, signer);
    return { kind: "node", nodeId, identity, resumes: hello.resumes === true, callTimeoutMs: hello.callTimeoutMs ?? 0 };
  }

  /** `to`: what the far side has said, if it was first. */
  #sayHello(to?: HelloMessage): void {
    const { identity, credentials, session, resumes, callTimeoutMs, random, utf8 } = this.#host;
    const writer = new Writer(utf8);
    writeHello(writer, {
      kind: "hello",
      versionMin: protocolVersion.min,
      versionMax: protocolVersion.max,
      nonce: random.bytes(32),
      messageBytesMax: this.#options.limits.messageBytesMax,
      windowBytes: this.#options.windowBytes,
      identity,
      credentials,
      session,
      resumes: resumes === true && to?.session !== undefined,
      callTimeoutMs: to !== undefined && to.identity === undefined ? callTimeoutMs : undefined, // a node's calls all name one
    });
    writer.end();
    this.#ownHello = writer.take();
    this.outbox.control(this.#ownHello);
  }

  #prove(remoteHello: Uint8Array): void {
    const { signer } = this.#host;
    if (signer === undefined) throw new MpregError("invalid-argument", "A side that accepts links needs a key");
    const signed =
      this.direction === "dialed"
        ? transcript("dialer", this.#ownHello, remoteHello)
        : transcript("acceptor", remoteHello, this.#ownHello);
    writeProve(this.outbox.writer, signer.sign(signed));
    this.outbox.commitControl();
  }

  #admit(bytes: number): void {
    this.#admittedBytes += bytes;
    if (this.#admittedBytes - this.#creditedBytes >= this.#options.windowBytes / 4) this.#credit();
  }

  #credit(): void {
    this.#creditedBytes = this.#admittedBytes;
    writeCredit(this.outbox.writer, this.#admittedBytes);
    this.outbox.commitControl();
  }
}

const goodbyeCodes = new Set<string>([
  "closing",
  "refused",
  "duplicate",
  "idle",
  "self",
  "malformed",
  "silent",
  "slow",
  "transport",
]);

function goodbyeCode(code: string): Goodbye["code"] {
  return goodbyeCodes.has(code) ? (code as Goodbye["code"]) : "closing";
}
