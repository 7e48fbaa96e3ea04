/**
 * Connection: one link from a client to a node: its socket, its handshake, its signs of life.
 *
 * What is asked over it is `asks.ts`, which connection is asked is `session.ts`.
 *
 * (C2) What is asked in one turn of the event loop leaves in one frame.
 */
import {
  type Goodbye,
  Link,
  type LinkHost,
  type LinkOptions,
  type Outbox,
  type Remote,
  frameBytesMax,
} from "@mpreg/core/link";
import { Channel } from "@mpreg/core/rpc";
import { type Message, type ResumePlace, type SessionHello, TextCache, subprotocol } from "@mpreg/core/wire";
import { Alarm } from "@mpreg/core/program";
import type { Platform, Socket } from "./platform.js";

const closeCodes: Partial<Record<Goodbye["code"], number>> = { malformed: 1002, refused: 1008 };

export interface ConnectionOptions {
  readonly link: LinkOptions;
  readonly credentials: Uint8Array | undefined;
  readonly ca: string | Uint8Array | undefined;
  /** What all connections of a client call themselves; `undefined` for a client with one connection. */
  readonly session: (() => SessionHello) | undefined;
}

export interface ConnectionEvents {
  opened(connection: Connection): void;
  /** A message that is not about the link itself. */
  message(connection: Connection, message: Message): void;
  /** Something has come or gone: there may be room for more. */
  moved?(connection: Connection): void;
  /** It is gone, or was never opened. Called once. */
  gone(connection: Connection, reason: Goodbye): void;
}

export class Connection {
  readonly url: string;
  /** Who hears of it; another one may take over. */
  events: ConnectionEvents;
  /** It is closed when everything asked over it has ended. */
  #isLeft = false;
  /** What was asked over it and has not ended, with what is still read of its answers. */
  #asked = 0;
  readonly #platform: Platform;
  readonly #link: Link;
  /** Its link, as a place from which values are fetched. */
  readonly channel: Channel;
  readonly #socket: Socket;
  readonly #alarm: Alarm;
  #flushing = false;
  #node: Remote | undefined;
  #place: ResumePlace | undefined;

  /** Opens a connection to `url` within `timeoutMs`; `opened` follows, or `gone` with the reason. */
  constructor(
    platform: Platform,
    url: string,
    options: ConnectionOptions,
    timeoutMs: number,
    events: ConnectionEvents,
  ) {
    this.url = url;
    this.events = events;
    this.#platform = platform;
    const link = { ...options.link, handshakeTimeoutMs: timeoutMs };
    this.#link = new Link(1, "dialed", this.#host(options), link, platform.now());
    this.channel = new Channel(this.#link, { kind: "self" }, platform.random, platform.now());
    this.#alarm = new Alarm(platform, () => {
      this.#link.onDue(platform.now());
      this.#setAlarm();
    });
    const socket = {
      subprotocol,
      frameBytesMax: link.limits.messageBytesMax + frameBytesMax,
      timeoutMs,
      ca: options.ca,
    };
    this.#socket = platform.openSocket(url, socket, {
      onOpen: () => {
        this.#link.start();
        this.#setAlarm();
      },
      onFrame: (frame) => {
        this.#link.receive(frame, platform.now());
        this.events.moved?.(this);
        this.#setAlarm();
      },
      onWritable: () => {
        this.#link.writable();
        this.events.moved?.(this);
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
    return this.#node?.kind === "node" ? this.#node.identity.name : undefined;
  }

  /** The process behind it, where it keeps what is asked of it beyond this connection. */
  get place(): ResumePlace | undefined {
    return this.#place;
  }

  /** The time that the node gives calls which name none, in ms; 0 where it has not said. */
  get callTimeoutMs(): number {
    return this.#node?.kind === "node" ? this.#node.callTimeoutMs : 0;
  }

  get outbox(): Outbox {
    return this.#link.outbox;
  }

  /** Asks the node how much of what it was sent until now it has admitted. */
  ask(): void {
    this.#link.ask();
  }

  /** Bytes that wait for the node, here and in the transport as far as that tells. */
  get backlogBytes(): number {
    return this.#link.backlogBytes;
  }

  /** When the node was heard last. */
  get heardMs(): number {
    return this.#link.heardMs;
  }

  /** Largest message that the node accepts. */
  get remoteMessageBytesMax(): number {
    return this.#link.remoteMessageBytesMax;
  }

  /** Says goodbye. */
  close(reason: string): void {
    this.#link.end({ code: "closing", reason }, this.#platform.now());
  }

  /** Whether nothing more is asked over it. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Nothing more is asked over it: it is closed when what was asked has ended. */
  leave(): void {
    this.#isLeft = true;
    if (this.#asked === 0) this.close("the client has moved to another node");
  }

  /** Something is asked over it, or read of what was answered: {@link ended} follows. */
  begun(): void {
    this.#asked += 1;
  }

  /** Something of that has ended. */
  ended(): void {
    this.#asked -= 1;
    if (this.#isLeft && this.#asked === 0) this.close("the client has moved to another node");
  }

  #host({ credentials, session }: ConnectionOptions): LinkHost {
    return {
      identity: undefined,
      credentials,
      get session() {
        return session?.();
      },
      signer: undefined,
      random: this.#platform.random,
      utf8: this.#platform.utf8,
      texts: new TextCache(this.#platform.utf8),
      releasesBatches: true, // a client's frames are masked, or given to the browser: that makes a copy of them
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
        this.#node = remote;
        this.#place = placeOf(remote);
        return { allow: true };
      },
      opened: () => {
        this.events.opened(this);
      },
      message: (message) => {
        this.events.message(this, message);
      },
      closed: (goodbye) => {
        this.#alarm.clear();
        this.events.gone(this, goodbye);
      },
    };
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    this.#link.flush();
  };

  #setAlarm(): void {
    if (!this.#link.closed) this.#alarm.set(this.#link.nextDueMs);
  }
}

function placeOf(remote: Remote): ResumePlace | undefined {
  if (remote.kind !== "node" || !remote.resumes) return undefined;
  const { publicKey, run } = remote.identity;
  return run && { publicKey, run };
}
