/**
 * Client: a simulated client, connected to one node by a link like any other.
 *
 * (L1) What a client asks for ends once: with the answer, or when its link is gone with `not-connected`.
 * (L2) It hears every answer that reaches it, also those that it no longer waits for, and those that it never should get.
 */
import { MpregError, type Outcome } from "@mpreg/core/base";
import { type Goodbye, Link, type LinkOptions } from "@mpreg/core/link";
import {
  type Ask,
  Caller,
  type Calls,
  Channel,
  Downloads,
  type Graph,
  type ItemReader,
  type PlainRequest,
  type RequestSummary,
  type Settled,
  type SingleCallOptions,
} from "@mpreg/core/rpc";
import { type Message, type ResultRef, TextCache, writeCall, writeCancel, writeRequest } from "@mpreg/core/wire";
import { askingWith, attended, attendedStream } from "../asking.js";
import { codec } from "../capabilities/codec.js";
import type { SeededRandom } from "../capabilities/random.js";
import { utf8 } from "../capabilities/utf8.js";
import { Mailbox } from "../mailbox.js";
import type { Socket } from "../network/index.js";
import { LocalClock } from "../node/local-clock.js";
import type { NodeHost } from "../node/node.js";

type Item =
  | { readonly kind: "connected"; readonly socket: Socket; readonly attempt: Phase }
  | { readonly kind: "received"; readonly link: Link; readonly frame: Uint8Array }
  | { readonly kind: "writable"; readonly link: Link }
  | { readonly kind: "lost"; readonly link: Link; readonly reason: string };

type Phase =
  | { readonly kind: "disconnected" }
  | { readonly kind: "connecting"; readonly node: string; readonly onEnd: (error: MpregError | undefined) => void }
  | { readonly kind: "connected"; readonly node: string; readonly link: Link; readonly socket: Socket };

export class SimulatedClient implements Calls {
  readonly name: string;
  /** Called when an open link is lost, and not by {@link disconnect}. */
  onLost: (() => void) | undefined = undefined;
  readonly #host: NodeHost;
  readonly #options: LinkOptions;
  readonly #random: SeededRandom;
  readonly #clock: LocalClock;
  readonly #mailbox: Mailbox<Item>;
  readonly #texts = new TextCache(utf8);
  readonly #open = new Map<number, (settled: Settled) => void>();
  #greeting: { readonly link: Link; readonly socket: Socket } | undefined;
  #phase: Phase = { kind: "disconnected" };
  readonly #downloads = new Downloads({ valueBytesMax });
  /** The link that there is, as a place from which values are fetched. */
  #channel: Channel | undefined;
  #lastId = 0;
  #leaving = false;

  constructor(name: string, options: LinkOptions, random: SeededRandom, host: NodeHost) {
    this.name = name;
    this.#options = options;
    this.#random = random;
    this.#host = host;
    this.#clock = new LocalClock(host.network.clock, random.split("clock"), 1);
    this.#mailbox = new Mailbox(host.network.clock, (items) => {
      this.#turn(items);
    });
  }

  /** The node it is connected to. */
  get node(): string | undefined {
    return this.#phase.kind === "connected" ? this.#phase.node : undefined;
  }

  /** Asks without an answer so far. */
  get unanswered(): number {
    return this.#open.size;
  }

  call<T = unknown>(fun: string, args?: readonly unknown[], options?: SingleCallOptions): Promise<T> {
    return this.#caller.call<T>(fun, args, options);
  }

  graph(): Graph {
    return this.#caller.graph();
  }

  get request(): PlainRequest {
    return this.#caller.request;
  }

  /** Opens a link to `node`, closing the one there is; `onEnd` is told when it is open, or why it is not. */
  open(node: string, onEnd: (error: MpregError | undefined) => void): void {
    this.disconnect();
    const attempt: Phase = { kind: "connecting", node, onEnd };
    this.#phase = attempt;
    this.#host.network.dial(this.name, this.#host.network.urlOf(node), {
      connected: (socket) => {
        this.#mailbox.post({ kind: "connected", socket, attempt });
      },
      failed: (reason) => {
        if (this.#phase === attempt) this.#failed(reason);
      },
    });
  }

  /** Opens a link to `node`. Rejects with `not-connected` when that fails. */
  connect(node: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const release = this.#host.attend(reject);
      this.open(node, (error) => {
        release();
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Closes the link in order. What it has asked for ends as `not-connected`. */
  disconnect(): void {
    const link = this.#phase.kind === "connected" ? this.#phase.link : this.#greeting?.link;
    this.#leaving = true;
    link?.end({ code: "closing", reason: "the client has closed" }, this.#nowMs);
    this.#leaving = false;
    if (this.#phase.kind === "connecting") this.#failed("the client has closed");
  }

  /** Asks the node for work; answers how to withdraw it. What `call`, `graph` and `request` stand on. */
  ask(ask: Ask, onEnd: (settled: Settled) => void): () => void {
    const phase = this.#phase;
    if (phase.kind !== "connected") {
      onEnd({ kind: "failed", error: notConnected(this.name, "not-applied") });
      return () => undefined;
    }
    const id = ++this.#lastId;
    const { outbox } = phase.link;
    if (ask.kind === "call") writeCall(outbox.writer, id, ask.fields);
    else writeRequest(outbox.writer, id, ask.fields);
    if (outbox.commit() === 0) {
      const message = `Cannot send: ${outbox.queuedBytes} bytes wait already`;
      onEnd({ kind: "failed", error: new MpregError("overloaded", message) });
      return () => undefined;
    }
    this.#open.set(id, onEnd);
    this.#host.observe({ kind: "asked", asker: this.name, node: phase.node, id, ask });
    return () => {
      if (!this.#open.delete(id) || phase.link.closed) return;
      this.#host.observe({ kind: "withdrawn", asker: this.name, id, answerFollows: !this.#downloads.has(id) });
      this.#downloads.stop(id);
      writeCancel(outbox.writer, id);
      outbox.commitCancel();
    };
  }

  #failed(reason: string): void {
    if (this.#phase.kind !== "connecting") return;
    const { onEnd, node } = this.#phase;
    this.#phase = { kind: "disconnected" };
    onEnd(new MpregError("not-connected", `Client "${this.name}" cannot connect to "${node}": ${reason}`));
  }

  #turn(items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === "connected") this.#connected(item.socket, item.attempt);
      else if (item.kind === "received") item.link.receive(item.frame, this.#nowMs);
      else if (item.kind === "writable") item.link.writable();
      else item.link.lost({ code: "transport", reason: item.reason }, this.#nowMs);
    }
    const link = this.#greeting?.link ?? (this.#phase.kind === "connected" ? this.#phase.link : undefined);
    if (link === undefined) return;
    if (link.nextDueMs <= this.#nowMs) link.onDue(this.#nowMs);
    link.flush();
    this.#mailbox.wakeAt(this.#clock.worldMsOf(link.nextDueMs));
  }

  #connected(socket: Socket, attempt: Phase): void {
    if (this.#phase !== attempt || attempt.kind !== "connecting") {
      return socket.close("the client has changed its mind");
    }
    const { node } = attempt;
    const link: Link = new Link(
      1,
      "dialed",
      this.#linkHost(socket, () => link, node),
      this.#options,
      this.#nowMs,
    );
    this.#greeting = { link, socket };
    this.#channel = new Channel(link, { kind: "self" }, this.#random, this.#nowMs);
    this.#downloads.opened(this.#channel, this.#nowMs);
    socket.own({
      received: (frame) => {
        this.#mailbox.post({ kind: "received", link, frame });
      },
      writable: () => {
        this.#mailbox.post({ kind: "writable", link });
      },
      lost: (reason) => {
        this.#mailbox.post({ kind: "lost", link, reason });
      },
    });
    link.start();
  }

  #linkHost(socket: Socket, link: () => Link, node: string): ConstructorParameters<typeof Link>[2] {
    return {
      identity: undefined,
      credentials: undefined,
      signer: undefined,
      random: this.#random,
      utf8,
      texts: this.#texts,
      queued: () => {
        this.#mailbox.wakeAt(this.#host.network.clock.nowMs);
      },
      send: (_id, batch) => this.#host.network.send(socket, batch),
      close: (_id, { code }) => {
        socket.close(code);
      },
      admit: () => ({ allow: true }),
      opened: () => {
        if (this.#phase.kind !== "connecting") return;
        const { onEnd } = this.#phase;
        this.#greeting = undefined;
        this.#phase = { kind: "connected", node, link: link(), socket };
        onEnd(undefined);
      },
      message: (message) => {
        this.#message(message);
      },
      closed: (goodbye) => {
        this.#closed(goodbye);
      },
    };
  }

  #closed({ code, reason }: Goodbye): void {
    this.#greeting = undefined;
    if (this.#phase.kind === "connecting") return this.#failed(`${code}: ${reason}`);
    if (this.#phase.kind === "disconnected") return;
    this.#phase = { kind: "disconnected" };
    this.#host.observe({ kind: "asker-gone", asker: this.name, reason: `${code}: ${reason}` });
    this.#downloads.stopAll();
    this.#downloads.end(notConnected(this.name, "unknown"), this.#nowMs);
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#host.waits.told();
    for (const onEnd of open) onEnd({ kind: "failed", error: notConnected(this.name, "unknown") }); // (L1)
    if (!this.#leaving) this.onLost?.();
  }

  #message(message: Message): void {
    if (this.#channel !== undefined && this.#downloads.receive(this.#channel, message, this.#nowMs)) return;
    if (message.kind === "failure") return this.#answered(message.id, { kind: "failed", error: message.error });
    if (message.kind !== "answer" && message.kind !== "results") return;
    const { id } = message;
    const summary = summaryOf(message.summary);
    this.#downloads.complete(
      message,
      this.#nowMs,
      (whole) => {
        if (whole.kind === "results") this.#answered(id, { ...whole, summary });
        else this.#answered(id, { kind: "answered", value: whole.value, summary });
      },
      (error) => {
        this.#answered(id, { kind: "failed", error });
      },
    );
  }

  #answered(id: number, settled: Settled): void {
    this.#host.observe({ kind: "answered", asker: this.name, id, settled }); // (L2)
    const onEnd = this.#open.get(id);
    if (onEnd === undefined) return this.#downloads.unwanted(settled);
    this.#open.delete(id);
    this.#host.waits.told();
    onEnd(settled);
  }

  get #nowMs(): number {
    return this.#clock.nowMs;
  }

  get #caller(): Caller {
    const start = attended(this.#host, (ask, onEnd) => this.ask(ask, onEnd));
    const openStream = (stream: ResultRef): ItemReader =>
      attendedStream(this.#host, (hold) => {
        return this.#downloads.open(stream, codec, () => this.#nowMs, { hold });
      });
    return new Caller({ ...askingWith(start, this.#options.limits, this.node), openStream });
  }
}

const valueBytesMax = 2 ** 31;

function summaryOf(bytes: Uint8Array | undefined): RequestSummary | undefined {
  return bytes === undefined ? undefined : (codec.decode(bytes) as RequestSummary);
}

function notConnected(client: string, outcome: Outcome): MpregError {
  return new MpregError("not-connected", `Client "${client}" has no link to a node`, { outcome });
}
