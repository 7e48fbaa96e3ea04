/** A client of a mesh: a link, and every answer it hears. */
import { Link, defaultLinkOptions, type Goodbye, type LinkOptions } from "../../src/link/index.js";
import {
  type Message,
  type ResultRef,
  TextCache,
  type WireLimits,
  type Writer,
  defaultWireLimits,
  writeCall,
  writeCancel,
  writeInspect,
  writeRequest,
  writeRequests,
  writeWatch,
} from "../../src/wire/index.js";
import { readU32 } from "../../src/wire/reader.js";
import { Channel, Downloads, type ItemReader } from "../../src/rpc/index.js";
import type { Connection, Endpoint } from "./connection.js";
import type { MeshWorld } from "./mesh-node.js";
import { identityOf } from "./links.js";
import { seeded } from "./random.js";
import {
  type CallOptions,
  type Outcome,
  type RequestOptions,
  type Step,
  callOf,
  codec,
  outcomeOf,
  requestOf,
} from "./requests.js";
import { signerOf } from "./signer.js";
import { utf8 } from "./wire.js";

export interface MeshClientOptions {
  /** Introduces itself as the node of that name, and says what no good node would. */
  readonly node?: string;
  readonly limits?: Partial<WireLimits>;
  readonly link?: Partial<LinkOptions>;
}

export class MeshClient implements Endpoint {
  readonly heard: Message[] = [];
  /** The sizes of all messages that came, those about the link included. */
  readonly heardBytes: number[] = [];
  readonly ends: Goodbye[] = [];
  connection: Connection | undefined = undefined;
  readonly link: Link;
  readonly downloads = new Downloads({ valueBytesMax: 2 ** 31 });
  readonly #channel: Channel;
  isDownloading = true;
  readonly #mesh: MeshWorld;
  #lastId = 0;

  constructor(mesh: MeshWorld, { limits, link, node }: MeshClientOptions) {
    this.#mesh = mesh;
    const signer = node === undefined ? undefined : signerOf(node);
    const host = {
      identity: node === undefined || signer === undefined ? undefined : identityOf(node, signer),
      credentials: undefined,
      signer,
      random: seeded(5),
      utf8,
      texts: new TextCache(utf8),
      queued: () => {
        mesh.post(() => {
          this.link.flush();
        });
      },
      send: (_link: number, frame: Uint8Array) => this.connection?.send(this, frame) ?? 0,
      close: () => this.connection?.close(this),
      admit: () => ({ allow: true }) as const,
      opened: () => undefined,
      message: (message: Message) => {
        this.#heard(message);
      },
      closed: (goodbye: Goodbye) => this.ends.push(goodbye),
    };
    const options = { ...defaultLinkOptions, limits: { ...defaultWireLimits, ...limits }, ...link };
    this.link = new Link(1, "dialed", host, options, mesh.nowMs);
    this.#channel = new Channel(this.link, { kind: "self" }, seeded(6), mesh.nowMs);
    this.downloads.opened(this.#channel, mesh.nowMs);
  }

  /** Fetches what is kept for it, if it `downloads`; what it hears is then as if it had been sent at once. */
  #heard(message: Message): void {
    if (!this.isDownloading) return void this.heard.push(message);
    if (this.downloads.receive(this.#channel, message, this.#mesh.nowMs)) return;
    if (message.kind !== "answer" && message.kind !== "results") return void this.heard.push(message);
    this.downloads.complete(
      message,
      this.#mesh.nowMs,
      (whole) => this.heard.push({ ...message, ...whole }),
      (error) => this.heard.push({ kind: "failure", id: message.id, error }),
    );
  }

  received(frame: Uint8Array): void {
    for (let at = 0; at < frame.length; at += this.heardBytes.at(-1)!) this.heardBytes.push(4 + readU32(frame, at));
    this.link.receive(frame, this.#mesh.nowMs);
  }

  writable(): void {
    this.link.writable();
  }

  lost(reason: string): void {
    this.link.lost({ code: "transport", reason }, this.#mesh.nowMs);
  }

  /** Sends a call; answers its id. */
  call(fun: string, args: readonly unknown[] = [], options: CallOptions & { readonly id?: number } = {}): number {
    const id = options.id ?? ++this.#lastId;
    return this.say(id, (writer) => {
      writeCall(writer, id, callOf(fun, args, options));
    });
  }

  /** Sends a request; answers its id. */
  request(steps: readonly Step[], options: RequestOptions = {}): number {
    const id = ++this.#lastId;
    return this.say(id, (writer) => {
      writeRequest(writer, id, requestOf(steps, options));
    });
  }

  inspect(subject: string): number {
    const id = ++this.#lastId;
    return this.say(id, (writer) => {
      writeInspect(writer, id, subject as "nodes");
    });
  }

  watch(requestId: string, options: { readonly now?: boolean; readonly intermediates?: boolean } = {}): number {
    const id = ++this.#lastId;
    return this.say(id, (writer) => {
      const plain = { now: false, intermediates: false, behalf: undefined, relay: undefined };
      writeWatch(writer, { id, requestId, ...plain, ...options });
    });
  }

  requests(node?: string): number {
    const id = ++this.#lastId;
    return this.say(id, (writer) => {
      writeRequests(writer, { id, node, behalf: undefined, relay: undefined });
    });
  }

  cancel(id: number): void {
    this.say(id, (writer) => {
      writeCancel(writer, id);
    });
  }

  /** Queues one message. */
  say(id: number, write: (writer: Writer) => unknown): number {
    write(this.link.outbox.writer);
    this.link.outbox.commit();
    return id;
  }

  /** Reads a stream that was answered. */
  read(stream: ResultRef): ItemReader {
    return this.downloads.open(stream, codec, () => this.#mesh.nowMs);
  }

  /** Every end of `id` that was heard: there should be one. */
  endsOf(id: number): Outcome[] {
    return this.heard.filter((message) => "id" in message && message.id === id).map(outcomeOf);
  }
}
