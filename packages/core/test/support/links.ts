/** Two links back to back, with a wire between them that tests can look at, change and cut. */
import type { Decision, Signer } from "../../src/base/index.js";
import {
  type Goodbye,
  Link,
  type LinkHost,
  type LinkOptions,
  type Remote,
  defaultLinkOptions,
} from "../../src/link/index.js";
import { type Message, type NodeIdentity, TextCache, defaultWireLimits } from "../../src/wire/index.js";
import { seeded } from "./random.js";
import { signerOf } from "./signer.js";
import { messagesOf, utf8 } from "./wire.js";

export const linkOptions: LinkOptions = { ...defaultLinkOptions, limits: defaultWireLimits };

export interface EndOptions {
  /** The secret of a node's key; a client has none. */
  readonly node?: string;
  readonly signer?: Signer;
  readonly identity?: NodeIdentity;
  readonly credentials?: Uint8Array;
  readonly admit?: (remote: Remote) => Decision;
  readonly options?: Partial<LinkOptions>;
  readonly seed?: number;
}

export function identityOf(name: string, signer: Signer): NodeIdentity {
  return { publicKey: signer.publicKey, name, cluster: "default", urls: [`ws://${name}`] };
}

/** One side of a connection. */
export class End {
  readonly link: Link;
  /** Frames that the other side has not been given yet. */
  readonly sent: Uint8Array[] = [];
  readonly admitted: Remote[] = [];
  readonly opened: number[] = [];
  readonly messages: Message[] = [];
  /** How the link has ended: once, at most. */
  readonly ends: Goodbye[] = [];
  /** Whether the transport was closed, and what was said then. */
  readonly closes: Goodbye[] = [];
  /** Bytes that wait in the transport after each frame; nothing waits by default. */
  waitingBytes = 0;
  /** What is done with each message. */
  onMessage: (message: Message) => void = () => undefined;

  constructor(direction: "dialed" | "accepted", given: EndOptions, signer: Signer | undefined) {
    const { node, identity, credentials, admit, options, seed } = given;
    const host: LinkHost = {
      identity: identity ?? (node === undefined || signer === undefined ? undefined : identityOf(node, signer)),
      credentials,
      signer,
      random: seeded(seed ?? (direction === "dialed" ? 1 : 2)),
      utf8,
      texts: new TextCache(utf8),
      queued: () => (this.queuedCalls += 1),
      send: (_link, frame) => {
        this.sent.push(frame);
        return this.waitingBytes;
      },
      close: (_link, goodbye) => this.closes.push(goodbye),
      admit: (remote) => {
        this.admitted.push(remote);
        return admit?.(remote) ?? { allow: true };
      },
      opened: (nowMs) => this.opened.push(nowMs),
      message: (message) => {
        this.messages.push(message);
        this.onMessage(message);
      },
      closed: (goodbye) => this.ends.push(goodbye),
    };
    this.link = new Link(1, direction, host, { ...linkOptions, ...options }, 0);
  }

  queuedCalls = 0;

  /** What this side has sent and the other has not been given. */
  get pending(): Message[] {
    return this.sent.flatMap((frame) => messagesOf(frame));
  }
}

export class Pair {
  readonly dialer: End;
  readonly acceptor: End;
  nowMs = 0;

  constructor(dialer: EndOptions, acceptor: EndOptions) {
    const signer = (of: EndOptions): Signer | undefined =>
      of.signer ?? (of.node === undefined ? undefined : signerOf(of.node));
    this.dialer = new End("dialed", dialer, signer(dialer));
    this.acceptor = new End("accepted", acceptor, signer(acceptor));
    this.dialer.link.start();
    this.acceptor.link.start();
  }

  /** Carries frames in both directions until nothing moves; `change` may replace each. */
  settle(change: (frame: Uint8Array, from: End) => Uint8Array = (frame) => frame): this {
    while (this.carry(this.dialer, this.acceptor, change) || this.carry(this.acceptor, this.dialer, change));
    return this;
  }

  /** Ends the turn of `from` and hands what it has sent to `to`; answers whether there was anything. */
  carry(from: End, to: End, change: (frame: Uint8Array, from: End) => Uint8Array = (frame) => frame): boolean {
    from.link.flush();
    const frames = from.sent.splice(0);
    for (const frame of frames) if (!to.link.closed) to.link.receive(change(frame, from), this.nowMs);
    return frames.length > 0;
  }
}
