/**
 * Session: a client's place in the cluster, over one connection after the other.
 *
 *     connected ──lost──▶ connecting ──a node answers──▶ connected
 *         └──the node wants to be left──▶ connecting, while the old connection ends what it has begun
 *
 * Owns which connection is asked, and when a new one is opened. What is asked is `asks.ts`.
 *
 * (S1) It looks for a node for ever, with growing pauses, until it is closed; or not at all (`reconnect: false`).
 * (S2) Pauses grow exponentially, with full jitter: a node's clients do not all come back in the same moment.
 * (S3) After `close` nothing is open, tried or waited for.
 */
import { MpregError, hexOf, shownUrl } from "@mpreg/core/base";
import type { Goodbye } from "@mpreg/core/link";
import type { ClusterInfo } from "@mpreg/core/node";
import {
  type Asker,
  type CallFields,
  type InspectOptions,
  type ItemReader,
  type Look,
  type Looking,
  type OpenTelemetryApi,
  type RequestFields,
  type Tracing,
  inspecting,
} from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import { type InspectSubject, type Message, type ResultRef, type WireLimits, writeInspect } from "@mpreg/core/wire";
import { Addresses } from "./addresses.js";
import { Alarm, type Clock, Holders, type QueueHost } from "@mpreg/core/program";
import { Asks, type AsksOptions } from "./asks.js";
import { Connection, type ConnectionEvents, type ConnectionOptions } from "./connection.js";
import type { Platform } from "./platform.js";
import { Reach, type Unreached } from "./reach.js";
import { Status } from "./status.js";
import { ClientTopics } from "./topics/client-topics.js";
import { createTracing } from "./tracing.js";

const waitMsMin = 25;
const waitMsMax = 2_000;
/** How often it asks the cluster where its nodes are. */
const learnIntervalMs = 60_000;
/** The number of that question: no ask has it. */
const learnId = 0;

export interface SessionOptions extends AsksOptions, Omit<ConnectionOptions, "session"> {
  /** Addresses of nodes, at least one. */
  readonly urls: readonly string[];
  readonly limits: WireLimits;
  /** How long a round of attempts to connect may take. */
  readonly timeoutMs: number;
  readonly reconnect: boolean;
  /** Learn from the cluster where its other nodes are. */
  readonly discover: boolean;
  readonly openTelemetry?: OpenTelemetryApi | undefined;
}

export class Session implements Looking {
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly tracing: Tracing;
  readonly tellsEvents = true;
  /** There once somebody publishes or subscribes. */
  #topics: ClientTopics | undefined;
  /** There once a queue is asked for. */
  #holders: Holders | undefined;
  readonly #platform: Platform;
  readonly #options: SessionOptions;
  readonly #addresses: Addresses;
  readonly #asks: Asks;
  readonly #connectionOptions: ConnectionOptions;
  readonly #alarm: Alarm;
  readonly #events: ConnectionEvents;
  readonly #connections = new Set<Connection>();
  #reach: Reach | undefined;
  /** The one that is asked, or was last. */
  #current: Connection | undefined;
  #status: Status | undefined;
  /** Rounds of attempts since there was a connection. */
  #rounds = 0;
  #learnMs = Infinity;
  #reconnectMs = Infinity;
  #over: Goodbye | undefined;
  #isClosed = false;

  constructor(platform: Platform, options: SessionOptions) {
    this.codec = options.codec;
    this.limits = options.limits;
    this.tracing = createTracing(platform, options.openTelemetry, () => this.url);
    this.#platform = platform;
    this.#options = options;
    const token = platform.random.bytes(16);
    const session = options.reconnect ? () => ({ token, lastAsk: this.#asks.lastId }) : undefined;
    this.#connectionOptions = { ...options, session };
    this.#addresses = new Addresses(options.urls);
    this.#asks = new Asks(platform, options, (url) => this.#addresses.hasOthers(url));
    this.#alarm = new Alarm(platform, () => {
      this.#onDue();
    });
    this.#events = {
      opened: () => undefined, // it was open when it came here
      message: (connection, message) => {
        if (this.#topics?.received(connection, message) !== true) this.#received(connection, message);
      },
      moved: () => {
        this.#topics?.publishing.advance();
      },
      gone: (connection, goodbye) => {
        this.#gone(connection, goodbye);
      },
    };
  }

  /** The address of the node that is asked, or was last. */
  get url(): string {
    return this.#current?.url ?? (this.#options.urls[0] as string);
  }

  get nodeName(): string | undefined {
    return this.#current?.nodeName;
  }

  get status(): Status {
    return (this.#status ??= new Status({ kind: "connected", url: this.url, node: this.nodeName ?? "" }));
  }

  /** Opens the first connection. */
  open(onOpen: () => void, onFailed: (failures: readonly Unreached[]) => void): void {
    this.#reach = this.#tryAll(this.#addresses.given, {
      opened: (connection) => {
        this.#take(connection);
        onOpen();
      },
      failed: onFailed,
    });
  }

  call(fields: CallFields, asker: Asker): number {
    return this.#refused(asker) ? 0 : this.#asks.ask({ kind: "call", fields }, asker);
  }

  request(fields: RequestFields, asker: Asker): number {
    return this.#refused(asker) ? 0 : this.#asks.ask({ kind: "request", fields }, asker);
  }

  withdraw(ask: number): void {
    this.#asks.withdraw(ask);
  }

  openStream(stream: ResultRef): ItemReader {
    return this.#asks.openStream(stream);
  }

  look(look: Look, asker: Asker): number {
    return this.#refused(asker) ? 0 : this.#asks.ask(look, asker);
  }

  /** What the node says about its cluster. */
  inspect(subject: InspectSubject, options: InspectOptions | undefined): Promise<unknown> {
    return inspecting(this, subject, options, (timeoutMs, asker) =>
      this.#refused(asker) ? 0 : this.#asks.ask({ kind: "inspect", subject, timeoutMs }, asker),
    );
  }

  /** Ends everything. (S3) */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#over !== undefined) return;
    this.#end({ code: "closing", reason });
    this.#reach?.cancel(reason);
    for (const connection of [...this.#connections]) connection.close(reason);
  }

  #tryAll(
    urls: readonly string[],
    ends: { opened(connection: Connection): void; failed(failures: readonly Unreached[]): void },
  ): Reach {
    return new Reach(this.#platform, urls, this.#options.timeoutMs, {
      open: (url, timeoutMs, events) => new Connection(this.#platform, url, this.#connectionOptions, timeoutMs, events),
      ...ends,
    });
  }

  get topics(): ClientTopics {
    if (this.#topics !== undefined) return this.#topics;
    const topics = new ClientTopics(this.#platform, {
      codec: this.codec,
      reconnects: this.#options.reconnect,
      line: this.#options.line,
      ask: (ask, asker) => (this.#refused(asker) ? 0 : this.#asks.ask(ask, asker)),
      withdraw: (ask) => {
        this.#asks.withdraw(ask);
      },
      tell: (event) => {
        this.status.tell(event);
      },
    });
    this.#topics = topics;
    const connection = this.#current;
    if (this.#over !== undefined) topics.end(this.#overError(this.#over), this.#isClosed);
    else if (connection !== undefined && this.#connections.has(connection) && !connection.isLeft) {
      topics.take(connection);
      topics.resume();
    }
    return topics;
  }

  get clock(): Clock {
    return this.#platform;
  }

  /** What queues of this client are asked with. */
  queueHost(call: QueueHost["call"]): QueueHost {
    const entry = (): string | undefined => this.#current?.nodeName;
    const { random } = this.#platform;
    let [prefix, count] = ["", 0];
    const newId = (): string => {
      if (prefix === "") prefix = hexOf(random.bytes(12));
      return `${prefix}.${++count}`;
    };
    const holders = (this.#holders ??= new Holders());
    const createAbort = (): AbortController => new AbortController();
    return { codec: this.codec, clock: this.#platform, call, entry, newId, holders, createAbort };
  }

  /** What it has leased of queues and not begun to work on goes back; with `drain`, what has begun is waited for. `undefined` where there is nothing. */
  leaveQueues(how: "leave" | "drain"): Promise<void> | undefined {
    const isNone = this.#over !== undefined || this.#holders === undefined || this.#holders.size === 0;
    if (isNone || (how === "leave" && this.#current?.open !== true)) return undefined;
    return this.#holders?.[how]();
  }

  /** `connection` is asked from now on. */
  #take(connection: Connection): void {
    this.#reach = undefined;
    this.#rounds = 0;
    this.#connections.add(connection);
    this.#current = connection;
    connection.events = this.#events;
    this.#topics?.take(connection);
    this.#asks.open(connection);
    this.#topics?.resume();
    if (this.#options.discover) this.#learn(connection);
  }

  #received(connection: Connection, message: Message): void {
    if (message.kind === "drain") return this.#leave(connection, message.urls);
    if (!("id" in message) || message.id !== learnId) return this.#asks.received(connection, message);
    if (message.kind !== "answer" || !(message.value instanceof Uint8Array)) return; // a node that does not tell: what is known is enough to go on
    const { nodes } = this.codec.decode(message.value) as ClusterInfo;
    const present = nodes.filter(({ state, draining }) => state !== "down" && state !== "left" && draining !== true);
    this.#addresses.learn(present.flatMap(({ urls }) => urls));
  }

  /** Asks where the cluster's nodes are. */
  #learn(connection: Connection): void {
    writeInspect(connection.outbox.writer, learnId, "cluster");
    connection.outbox.commit();
    this.#learnMs = this.#platform.now() + learnIntervalMs;
    this.#alarm.set(this.#learnMs);
  }

  /** The node wants to be left: another is asked from now on, and this one is heard out. */
  #leave(connection: Connection, others: readonly string[]): void {
    if (connection.isLeft) return;
    this.#addresses.leave(connection.url, others);
    if (connection === this.#current) {
      this.#learnMs = Infinity;
      this.#asks.suspend();
      this.#topics?.suspend();
      this.#reconnect();
    }
    connection.leave();
  }

  #gone(connection: Connection, goodbye: Goodbye): void {
    this.#connections.delete(connection);
    if (this.#over !== undefined) return;
    if (!this.#options.reconnect) return this.#end(goodbye);
    this.#asks.lost(connection, goodbye);
    this.#topics?.lost(connection);
    if (connection !== this.#current || connection.isLeft) return; // another one is open, or being looked for
    this.status.tell({ kind: "disconnected", url: connection.url, reason: goodbye, isClosed: false });
    if (goodbye.code === "closing") this.#addresses.leave(connection.url, []);
    this.#learnMs = Infinity;
    this.#asks.suspend();
    this.#pause();
  }

  /** Waits before the next round. (S2) */
  #pause(): void {
    const ceilingMs = Math.min(waitMsMax, waitMsMin * 2 ** Math.min(30, this.#rounds));
    this.#reconnectMs = this.#platform.now() + ceilingMs * this.#platform.random.next();
    this.#alarm.set(this.#reconnectMs);
  }

  /** (S1) */
  #reconnect(): void {
    this.#reconnectMs = Infinity;
    this.#rounds += 1;
    const urls = this.#addresses.order(this.#current?.url, this.#platform.random);
    this.status.tell({ kind: "connecting", attempt: this.#rounds, urls });
    this.#reach = this.#tryAll(urls, {
      opened: (connection) => {
        this.#take(connection);
        this.status.tell({ kind: "reconnected", url: connection.url, node: connection.nodeName ?? "" });
      },
      failed: () => {
        this.#reach = undefined;
        this.#pause();
      },
    });
  }

  #onDue(): void {
    const nowMs = this.#platform.now();
    if (this.#reconnectMs <= nowMs) this.#reconnect();
    else if (this.#learnMs <= nowMs && this.#current?.open === true) this.#learn(this.#current);
    this.#alarm.set(Math.min(this.#reconnectMs, this.#learnMs));
  }

  #end(goodbye: Goodbye): void {
    this.#over = goodbye;
    this.#alarm.clear();
    const code = this.#isClosed ? "closed" : "node-lost";
    this.#asks.end(code, this.url, goodbye);
    this.#topics?.end(this.#overError(goodbye), this.#isClosed);
    this.status.tell({ kind: "disconnected", url: this.url, reason: goodbye, isClosed: this.#isClosed });
    this.status.end();
  }

  /** Tells `asker` that nothing is asked any more; answers `false` when it is. */
  #refused(asker: Asker): boolean {
    if (this.#over === undefined) return false;
    asker.failed(this.#overError(this.#over));
    return true;
  }

  #overError({ reason }: Goodbye): MpregError {
    if (this.#isClosed) return new MpregError("closed", `The client of ${shownUrl(this.url)} is closed`);
    const message = `The connection to ${shownUrl(this.url)} is gone: ${reason}; connect again to go on`;
    return new MpregError("not-connected", message);
  }
}
