/** A node of a mesh: the machine, and a driver as simple as can be. */
import { MpregError, createDefaultPolicy } from "../../src/base/index.js";
import { defaultLinkOptions, type Goodbye, type LinkId, type LinkOptions } from "../../src/link/index.js";
import { type MembershipOptions, defaultRedialOptions, profiles } from "../../src/membership/index.js";
import {
  type LinkProtocol,
  type NodeEvent,
  type NodeInput,
  NodeMachine,
  type NodeOptions,
} from "../../src/node/index.js";
import {
  type AbortReason,
  type Ask,
  type Invocation,
  type ItemReader,
  type RequestEvent,
  type RequestFields,
  type RpcLimits,
  type Settled,
  type Look,
  defaultRpcLimits,
  requestIdOf,
} from "../../src/rpc/index.js";
import { defaultQueuesLimits } from "../../src/queues/index.js";
import { type TopicsLimits, defaultTopicsLimits } from "../../src/topics/index.js";
import { StreamReaders } from "../../src/handlers/index.js";
import type { Bound } from "../../src/values/index.js";
import { type InspectSubject, type OfferRecord, type ResultRef } from "../../src/wire/index.js";
import { type WireLimits, defaultWireLimits } from "../../src/wire/index.js";
import type { Connection, Endpoint } from "./connection.js";
import { isIterator, progressOf, thrown } from "./handled.js";
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
import { semver } from "./semver.js";
import { signerOf } from "./signer.js";
import { utf8 } from "./wire.js";

export interface MeshNodeOptions extends Partial<Pick<NodeOptions, "cluster" | "resources" | "policy" | "urls">> {
  /** Names of nodes. */
  readonly peers?: readonly string[];
  readonly limits?: Partial<WireLimits>;
  readonly link?: Partial<LinkOptions>;
  readonly rpc?: Partial<RpcLimits>;
  readonly topics?: Partial<TopicsLimits>;
  readonly membership?: Partial<MembershipOptions>;
  readonly incarnation?: number;
  readonly key?: string;
  /** It may own queues, in memory. */
  readonly queues?: boolean;
}

/** What a generator yields that has no item just now. */
export const later: unique symbol = Symbol("later");

/** A handler that the test ends itself, with `finish` or `fail`; or that ends when it is aborted. */
export const byHand = "by hand";
/** As that, but it does not look at its signal. */
export const deaf = "deaf";

/** As {@link byHand}, but it waits for something before it begins; what is revoked is not begun. */
export const unbegun = "unbegun";
/** As that, but what it waits for goes on when it is revoked, and only the test ends it. */
export const loading = "loading";

export type MeshHandler =
  typeof byHand | typeof deaf | typeof unbegun | typeof loading | ((...args: never[]) => unknown);

export function offerOf(fun: string, resources: readonly string[] = []): OfferRecord {
  return {
    fun,
    resources,
    version: undefined,
    tags: [],
    scope: "cluster",
    concurrencyMax: undefined,
    idempotent: "no",
  };
}

/** What a node's program has asked for. */
export interface Asked {
  readonly ticket: number;
  /** Every end that was told: there should be one. */
  readonly ends: Outcome[];
}

interface NodeEndpoint extends Endpoint {
  readonly link: LinkId;
}

/** What a node and a client need of the mesh around them. */
export interface MeshWorld {
  readonly nowMs: number;
  /** How often a node of that name was started before: each life has randomness of its own. */
  livesOf(name: string): number;
  /** Lets `happen` come after everything that was caused before. */
  post(happen: () => void): void;
  dial(from: MeshNode, url: string, attempt: number): void;
}

export class MeshNode {
  readonly name: string;
  readonly machine: NodeMachine;
  readonly invoked: Invocation[] = [];
  readonly aborted: { readonly fun: string; readonly reason: AbortReason }[] = [];
  /** The numbers of the handlers that were. */
  readonly abortedIds = new Set<number>();
  readonly events: NodeEvent[] = [];
  readonly told: { readonly ticket: number; readonly event: RequestEvent }[] = [];
  readonly goodbyes: Goodbye[] = [];
  readonly dials: string[] = [];
  readonly sent: Uint8Array[] = [];
  /** The incarnation that its disk would keep. */
  remembered = 0;
  /** Whether others can dial it. */
  isListening = true;
  readonly connections = new Map<LinkId, { readonly end: NodeEndpoint; readonly connection: Connection }>();
  readonly #mesh: MeshWorld;
  readonly #handlers = new Map<string, MeshHandler>();
  readonly #asks = new Map<number, Asked>();
  readonly #running = new Map<number, Invocation>();
  readonly #sources = new Map<number, Iterator<unknown>>();
  readonly #readers = new StreamReaders(codec, 2 ** 31, (input) => {
    this.enter(input);
  });
  /** How often a handler was asked for an item. */
  pulls = 0;
  #turn: NodeInput[] | undefined;
  #lastLink = 0;
  #lastTicket = 0;

  constructor(name: string, mesh: MeshWorld, given: MeshNodeOptions) {
    const { cluster = "default", resources = [], peers = [], policy = createDefaultPolicy({ cluster }), urls } = given;
    this.name = name;
    this.#mesh = mesh;
    const options: NodeOptions = {
      name,
      cluster,
      resources,
      policy,
      urls: urls ?? [`ws://${name}`],
      peers: peers.map((peer) => `ws://${peer}`),
      link: { ...defaultLinkOptions, limits: { ...defaultWireLimits, ...given.limits }, ...given.link },
      redial: defaultRedialOptions,
      rpc: { ...defaultRpcLimits, ...given.rpc },
      topics: { ...defaultTopicsLimits, ...given.topics },
      membership: { ...profiles.lan, ...given.membership },
      incarnation: given.incarnation ?? 1,
      queues: given.queues === true ? defaultQueuesLimits : undefined,
    };
    const signer = signerOf(given.key ?? name);
    this.machine = new NodeMachine(
      options,
      {
        random: seeded(name.length + name.charCodeAt(0) + 1_000 * mesh.livesOf(name)),
        utf8,
        semver,
        signer,
        codec,
        wallMs: () => mesh.nowMs,
      },
      {
        dial: ({ url, attempt }) => {
          this.dials.push(url);
          mesh.dial(this, url, attempt);
        },
        send: (link, frame) => {
          this.sent.push(frame);
          const { connection, end } = this.#connection(link);
          return connection.send(end, frame);
        },
        close: (link, goodbye) => {
          this.goodbyes.push(goodbye);
          const { connection, end } = this.#connection(link);
          this.connections.delete(link);
          connection.close(end);
        },
        invoke: (invocation) => {
          this.invoked.push(invocation);
          this.#running.set(invocation.id, invocation);
          mesh.post(() => {
            this.#run(invocation);
          });
        },
        revoke: (id) => [unbegun, loading].includes(this.#handlers.get(this.#running.get(id)?.fun ?? "") as string),
        abort: (id, reason) => {
          const invocation = this.#running.get(id);
          // without one it has ended, and the machine does not know yet
          if (invocation !== undefined) this.aborted.push({ fun: invocation.fun, reason });
          this.abortedIds.add(id);
          const handler = this.#handlers.get(invocation?.fun ?? "");
          if (invocation !== undefined && handler !== deaf && handler !== loading) this.#obeys(invocation);
          this.#readers.handlerEnded(id);
          this.#sources.get(id)?.return?.();
          this.#sources.delete(id);
        },
        pull: (id) => {
          this.pulls += 1;
          mesh.post(() => {
            this.#pull(id);
          });
        },
        streamed: (reader, bytes, totalBytes) => {
          this.#readers.streamed(reader, bytes, totalBytes);
        },
        streamFailed: (reader, error) => {
          this.#readers.failed(reader, error);
        },
        settle: (ticket, settled) => this.#settled(ticket, settled),
        told: (ticket, event) => this.told.push({ ticket, event }),
        report: (event) => this.events.push(event),
        remember: (incarnation) => (this.remembered = incarnation),
      },
    );
  }

  /** The id of the request that this node gives number `number` of its own. */
  requestId(number = 1): string {
    const first = this.machine.run.subarray(0, 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return requestIdOf(this.id, first + number);
  }

  get id(): string {
    return this.machine.id;
  }

  /** What it tells about itself and the cluster. */
  inspect(subject: InspectSubject): unknown {
    return this.machine.inspect(subject, this.#mesh.nowMs);
  }

  /** Hands in an input, as a turn of its own. */
  enter(input: NodeInput): void {
    if (this.#turn !== undefined) {
      this.#turn.push(input);
      return;
    }
    this.#mesh.post(() => {
      this.enterNow(input);
    });
  }

  /** Hands in all that `act` enters, as one turn. */
  together(act: () => void): void {
    const turn: NodeInput[] = [];
    this.#turn = turn;
    act();
    this.#turn = undefined;
    this.#mesh.post(() => {
      this.enterNow(...turn);
    });
  }

  offer(fun: string, handler: MeshHandler, ...resources: readonly string[]): void {
    this.#handlers.set(fun, handler);
    this.enter({ kind: "register", offer: offerOf(fun, resources) });
  }

  /** As {@link offer}, with what else its registration says. */
  offerAs(fun: string, handler: MeshHandler, changes: Partial<OfferRecord> & { readonly queueMax?: number }): void {
    const { queueMax, ...offer } = changes;
    this.#handlers.set(fun, handler);
    this.enter({ kind: "register", offer: { ...offerOf(fun), ...offer }, queueMax });
  }

  withdraw(fun: string): void {
    this.#handlers.delete(fun);
    this.enter({ kind: "unregister", fun });
  }

  call(
    fun: string,
    args: readonly unknown[] = [],
    options: CallOptions & { readonly parent?: Invocation } = {},
  ): Asked {
    return this.#ask({ kind: "call", fields: callOf(fun, args, options) }, options.parent);
  }

  /** `takesStreams: false`: it gets arrays. */
  request(
    steps: readonly Step[],
    options: RequestOptions & { readonly parent?: Invocation; readonly takesStreams?: boolean } = {},
  ): Asked {
    return this.#ask({ kind: "request", fields: requestOf(steps, options) }, options.parent, options.takesStreams);
  }

  /** As {@link request}, for one that a builder has made. */
  run(fields: RequestFields): Asked {
    return this.#ask({ kind: "request", fields }, undefined);
  }

  /** The node's own program watches a request. */
  watch(requestId: string, options: { readonly intermediates?: boolean } = {}): Asked {
    return this.#ask(
      { kind: "watch", requestId, now: false, intermediates: false, timeoutMs: 0, ...options },
      undefined,
    );
  }

  /** The node's own program wants to know something of requests. */
  look(look: Look): Asked {
    return this.#ask(look, undefined);
  }

  /** What was told of an ask that is watched, or watches. */
  toldOf({ ticket }: Asked): RequestEvent[] {
    return this.told.filter((told) => told.ticket === ticket).map(({ event }) => event);
  }

  /** Handlers of `fun` that wait for the test, oldest first. */
  waiting(fun: string): Invocation[] {
    return [...this.#running.values()].filter((invocation) => invocation.fun === fun);
  }

  /** Ends the oldest waiting handler of `fun`. */
  finish(fun: string, value: unknown): void {
    this.#end(fun, codec.encode(value, "the result"));
  }

  /** Ends this handler. */
  finishThis({ id }: Invocation, value: unknown, runUs = 2_000): void {
    this.#running.delete(id);
    const result = codec.encode(value, "the result");
    this.enter({ kind: "invoked", id, result, timings: { queueUs: 1_000, runUs } });
  }

  /** The oldest waiting handler of `fun` reports `value`. */
  report(fun: string, value: unknown): void {
    const [invocation] = this.waiting(fun);
    if (invocation === undefined) throw new Error(`"${fun}" does not run on "${this.name}"`);
    this.enter({ kind: "progress", invocation, progress: progressOf(value, codec) });
  }

  fail(fun: string, error: MpregError): void {
    this.#end(fun, error);
  }

  /** The connection between this node and `other`, the oldest where there are several. */
  connectionTo(other: { readonly connections: MeshNode["connections"] }): Connection {
    const theirs = new Set([...other.connections.values()].map(({ connection }) => connection));
    const found = [...this.connections.values()].find(({ connection }) => theirs.has(connection));
    if (found === undefined) throw new Error(`"${this.name}" has no connection there`);
    return found.connection;
  }

  /** Takes a connection; the machine hears of it. */
  connect(
    attempt: number | undefined,
    address: string,
    meet: (end: Endpoint) => Connection,
    protocol: LinkProtocol = "native",
  ): void {
    const link = ++this.#lastLink;
    const end: NodeEndpoint = {
      link,
      received: (bytes) => this.connections.has(link) && this.enterNow({ kind: "link-bytes", link, bytes }),
      writable: () => this.connections.has(link) && this.enterNow({ kind: "link-writable", link }),
      lost: (reason) => this.connections.delete(link) && this.enterNow({ kind: "link-closed", link, reason }),
    };
    this.connections.set(link, { end, connection: meet(end) });
    this.enter({ kind: "link-opened", link, protocol, attempt, address });
  }

  enterNow(...turn: readonly NodeInput[]): void {
    for (const input of turn) this.machine.handle(input, this.#mesh.nowMs);
    this.machine.flush(this.#mesh.nowMs);
  }

  #connection(link: LinkId): { readonly end: NodeEndpoint; readonly connection: Connection } {
    const found = this.connections.get(link);
    if (found === undefined) throw new Error(`"${this.name}" uses link ${link}, which it does not have`);
    return found;
  }

  #ask(ask: Ask | Look, parent: Invocation | undefined, takesStreams = true): Asked {
    const asked: Asked = { ticket: ++this.#lastTicket, ends: [] };
    this.#asks.set(asked.ticket, asked);
    this.enter({ kind: "ask", ticket: asked.ticket, ask, parent, takesStreams });
    return asked;
  }

  #settled(ticket: number, settled: Settled): void {
    this.#asks.get(ticket)!.ends.push(outcomeOf(settled));
  }

  /** A handler that was aborted ends; nobody hears what with. */
  #obeys({ id }: Invocation): void {
    const result = new MpregError("cancelled", "Nobody waits for the result", { outcome: "applied" });
    this.#mesh.post(() => {
      this.enterNow({ kind: "invoked", id, result, timings: { queueUs: 0, runUs: 0 } });
    });
  }

  #run(invocation: Invocation): void {
    const handler = this.#handlers.get(invocation.fun);
    if (typeof handler === "string") return;
    this.#running.delete(invocation.id);
    if (handler === undefined) {
      const result = new MpregError("no-provider", `Cannot call "${invocation.fun}": it was just unregistered`);
      return this.enter({ kind: "invoked", id: invocation.id, result, timings: { queueUs: 0, runUs: 0 } });
    }
    const bound: Bound[] = [...invocation.bound];
    for (const { index, ref } of invocation.refs ?? []) {
      bound[index] = { value: this.#readers.open(ref, { invocation: invocation.id }) };
    }
    const args = codec.decodeTemplate(invocation.template, bound) as never[];
    const made = handler(...args);
    if (made instanceof Promise) return this.#wait(invocation, made);
    if (isIterator(made)) {
      this.#running.set(invocation.id, invocation);
      this.#sources.set(invocation.id, made);
      return this.enter({ kind: "opened", id: invocation.id, timings: { queueUs: 0, runUs: 0 } });
    }
    const result = codec.encode(made, "the result");
    this.enter({ kind: "invoked", id: invocation.id, result, timings: { queueUs: 0, runUs: 0 } });
  }

  /** Ends the handler with what it has promised. */
  #wait(invocation: Invocation, made: Promise<unknown>): void {
    const { id } = invocation;
    const timings = { queueUs: 0, runUs: 0 };
    const end = (result: Uint8Array | MpregError): void => {
      if (!this.#running.delete(id)) return; // nobody waits for it any more
      this.#readers.handlerEnded(id);
      this.enter({ kind: "invoked", id, result, timings });
    };
    this.#running.set(id, invocation);
    made.then(
      (value) => {
        end(codec.encode(value, "the result"));
      },
      (cause: unknown) => {
        end(thrown(cause));
      },
    );
  }

  /** The next item of a handler that is a generator. */
  #pull(id: number): void {
    const source = this.#sources.get(id);
    if (source === undefined) return; // ended by now
    let step: IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
    try {
      step = source.next();
    } catch (cause) {
      return this.#sourceEnded(id, thrown(cause));
    }
    if (!(step instanceof Promise)) return this.#pulled(id, step);
    step.then(
      (taken) => {
        if (this.#sources.has(id)) this.#pulled(id, taken);
      },
      (cause: unknown) => {
        if (this.#sources.has(id)) this.#sourceEnded(id, thrown(cause));
      },
    );
  }

  #pulled(id: number, step: IteratorResult<unknown>): void {
    if (step.done === true) return this.#sourceEnded(id, new Uint8Array(0));
    if (step.value === later) return; // the test goes on with `make`
    this.enter({ kind: "made", id, item: codec.encode(step.value, "an item") });
  }

  /** Goes on with the oldest generator of `fun`, which has yielded `later`. */
  make(fun: string): void {
    const [oldest] = this.waiting(fun);
    if (oldest !== undefined) this.#pull(oldest.id);
  }

  #sourceEnded(id: number, result: Uint8Array | MpregError): void {
    this.#sources.delete(id);
    this.#running.delete(id);
    this.#readers.handlerEnded(id);
    this.enter({ kind: "invoked", id, result, timings: { queueUs: 0, runUs: 0 } });
  }

  /** Lets the node's program read a stream that it was answered. */
  read(stream: ResultRef): ItemReader {
    return this.#readers.open(stream, {});
  }

  #end(fun: string, result: Uint8Array | MpregError): void {
    const [oldest] = this.waiting(fun);
    if (oldest === undefined) throw new Error(`"${fun}" does not run on "${this.name}"`);
    this.#running.delete(oldest.id);
    this.enter({ kind: "invoked", id: oldest.id, result, timings: { queueUs: 1_000, runUs: 2_000 } });
  }
}
