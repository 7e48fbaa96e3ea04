/**
 * Stranger: somebody who speaks the protocol and may say in it whatever he likes.
 *
 * The handshake is the product's own; what follows are frames made by the test.
 */
import type { Signer } from "@mpreg/core/base";
import { createCodec } from "@mpreg/core/values";
import { TextCache, type Message, Writer, defaultWireLimits, subprotocol } from "@mpreg/core/wire";
import { type Goodbye, Link, type LinkHost, type LinkOptions, defaultLinkOptions } from "@mpreg/core/link";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { systemRandom, utf8 } from "../../src/capabilities.js";
import { loadIdentity } from "../../src/identity/key.js";
import { eventually } from "./eventually.js";

export const codec = createCodec(utf8);

/** One frame with the messages that `writes` fill. */
export function frameOf(...writes: readonly ((writer: Writer) => unknown)[]): Uint8Array {
  const writer = new Writer(utf8);
  for (const write of writes) {
    write(writer);
    writer.end();
  }
  return writer.take();
}

export interface StrangerOptions {
  /** Introduces itself as a node of this name, with a key of its own. */
  readonly asNode?: string;
  /** Claims this key, of which it does not have the private half. */
  readonly claimedKey?: Uint8Array;
  readonly link?: Partial<LinkOptions>;
}

export class Stranger {
  readonly messages: Message[] = [];
  /** How the node said goodbye, or that the connection broke. */
  goodbye: Goodbye | undefined;
  readonly socket: WebSocket;
  /** His own key, whatever he claims. */
  readonly signer: Signer;
  readonly #link: Link;

  constructor(
    socket: WebSocket,
    signer: Signer,
    host: Pick<LinkHost, "identity" | "signer">,
    options: StrangerOptions,
  ) {
    this.socket = socket;
    this.signer = signer;
    const link: LinkOptions = { ...defaultLinkOptions, limits: defaultWireLimits, ...options.link };
    this.#link = new Link(1, "dialed", this.#host(host), link, performance.now());
    socket.on("message", (data: Buffer) => {
      this.#link.receive(data, performance.now());
    });
    socket.on("error", () => undefined); // close follows
    socket.on("close", (code) => {
      this.#link.lost({ code: "transport", reason: `code ${code}` }, performance.now());
    });
  }

  /** Connects and, unless the node says no, waits until the link is open. */
  static async connect(url: string, options: StrangerOptions = {}): Promise<Stranger> {
    const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
    onTestFinished(() => {
      socket.terminate();
    });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const { signer } = await loadIdentity(undefined);
    const { asNode, claimedKey = signer.publicKey } = options;
    const identity =
      asNode === undefined ? undefined : { publicKey: claimedKey, name: asNode, cluster: "default", urls: [] };
    const host = { identity, signer: asNode === undefined ? undefined : signer };
    const stranger = new Stranger(socket, signer, host, options);
    stranger.#link.start();
    stranger.#link.flush();
    await eventually("the link is open or refused", () => stranger.#link.open || stranger.goodbye !== undefined);
    return stranger;
  }

  /** Sends one WebSocket message, whatever it holds. */
  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.socket.send(frame);
  }

  /** The first message of `kind` with the id, once it is there. */
  message<K extends Message["kind"]>(kind: K, id?: number): Promise<Extract<Message, { kind: K }>> {
    return eventually(`a ${kind} has come; goodbye: ${this.goodbye?.reason}`, () => {
      return this.messages.find((each): each is Extract<Message, { kind: K }> => {
        return each.kind === kind && (id === undefined || ("id" in each && each.id === id));
      });
    });
  }

  /** How the node has ended the link. */
  dismissed(): Promise<Goodbye> {
    return eventually("the node has ended the link", () => this.goodbye);
  }

  #host(host: Pick<LinkHost, "identity" | "signer">): LinkHost {
    return {
      ...host,
      credentials: undefined,
      random: systemRandom,
      utf8,
      texts: new TextCache(utf8),
      queued: () => {
        queueMicrotask(() => {
          this.#link.flush();
        });
      },
      send: (_link, frame) => {
        this.socket.send(frame);
        return 0;
      },
      close: () => undefined,
      admit: () => ({ allow: true }),
      opened: () => undefined,
      message: (message) => {
        this.messages.push(message);
      },
      closed: (goodbye) => {
        this.goodbye = goodbye;
      },
    };
  }
}
