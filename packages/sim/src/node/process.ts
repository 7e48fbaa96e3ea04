/**
 * Process: one run of a node, from its start to its crash: the driver of its machine.
 *
 * (V1) The machine is never entered while it is on the stack: what it wants done is done after it has returned, and
 * what comes of that is a later input.
 * (V2) What the machine does to a link that it does not have, or to an ask that has ended, is a violation.
 * (V3) A process that has crashed does nothing any more, and nothing reaches it.
 */
import { MpregError } from "@mpreg/core/base";
import {
  type FunctionTable,
  type ItemSource,
  ProgressReports,
  StreamReaders,
  type StreamTaker,
  abortError,
} from "@mpreg/core/handlers";
import type { Store } from "@mpreg/core/journal";
import type { LinkId } from "@mpreg/core/link";
import type { NodeEffects, NodeInput, NodeOptions } from "@mpreg/core/node";
import {
  type HandlerMessage,
  HandlerTopics,
  type HandlerTopicsHost,
  type PublishConfirmation,
} from "@mpreg/core/program";
import type { Ask, Invocation, ItemReader, Progress, Settled } from "@mpreg/core/rpc";
import { Fifo } from "@mpreg/core/structures";
import type { ResultRef, Timings, WireLimits } from "@mpreg/core/wire";
import { codec } from "../capabilities/codec.js";
import type { SeededRandom } from "../capabilities/random.js";
import type { KeyRing } from "../capabilities/signer.js";
import { semver } from "../capabilities/semver.js";
import { utf8 } from "../capabilities/utf8.js";
import { Execution, type ExecutionHost } from "../handlers/execution.js";
import type { Waits } from "../handlers/waits.js";
import { Mailbox } from "../mailbox.js";
import type { Listener, Network, Socket } from "../network/index.js";
import type { Observation } from "../observation.js";
import type { Trace } from "../trace.js";
import { numberOf } from "./input-number.js";
import type { LocalClock } from "./local-clock.js";
import type { CreateMachine, Machine } from "./machine.js";

/** What a process needs from the world. */
export interface ProcessHost {
  readonly network: Network;
  readonly waits: Waits;
  readonly trace: Trace;
  readonly keys: KeyRing;
  readonly createMachine: CreateMachine;
  observe(observation: Observation): void;
  violated(guarantee: string, message: string): void;
}

type Item = NodeInput | { readonly kind: "accepting"; readonly socket: Socket };

export class NodeProcess implements ExecutionHost, Listener {
  readonly nodeName: string;
  readonly machine: Machine;
  readonly codec: typeof codec = codec;
  readonly limits: WireLimits;
  readonly #host: ProcessHost;
  readonly #clock: LocalClock;
  readonly #remember: (incarnation: number) => void;
  readonly #functions: Pick<FunctionTable, "get">;
  readonly #mailbox: Mailbox<Item>;
  readonly #sockets = new Map<LinkId, Socket>();
  readonly #executions = new Map<number, Execution>();
  readonly #tickets = new Map<number, (settled: Settled) => void>();
  readonly #withdrawn = new Set<number>();
  readonly #inputs = new Fifo<NodeInput>();
  readonly #starting = new Fifo<Execution>();
  /** Reports of handlers that have not been taken. */
  #reportsWaiting = 0;
  readonly #reports = new ProgressReports(
    () => this.#reportsWaiting,
    (invocation, progress) => {
      this.#reportsWaiting += 1;
      this.enter({ kind: "progress", invocation, progress });
    },
  );
  readonly #sources = new Map<number, ItemSource>();
  readonly #pulled = new Fifo<ItemSource>();
  readonly #readers: StreamReaders;
  #settled: { readonly ticket: number; readonly settled: Settled }[] = [];
  /** What handlers publish; there once one does. */
  #topics: HandlerTopics | undefined;
  readonly #topicsHost: HandlerTopicsHost;
  #lastLink = 0;
  #lastTicket = 0;
  #inTurn = false;
  #onClosed: (() => void) | undefined;
  #onDrained: (() => void) | undefined;

  constructor(
    options: NodeOptions,
    functions: Pick<FunctionTable, "get">,
    secret: Uint8Array,
    random: SeededRandom,
    clock: LocalClock,
    host: ProcessHost,
    remember: (incarnation: number) => void,
    store: Store | undefined,
  ) {
    this.#remember = remember;
    this.nodeName = options.name;
    this.limits = options.link.limits;
    this.#host = host;
    this.#clock = clock;
    this.#functions = functions;
    this.#mailbox = new Mailbox(host.network.clock, (items) => {
      this.#turn(items);
    });
    const signer = host.keys.signer(secret);
    const capabilities = { random, utf8, semver, codec, signer, store, wallMs: () => this.wallMs };
    this.#readers = new StreamReaders(codec, options.rpc.valueBytesMax, (input) => {
      this.enter(input);
    });
    this.#topicsHost = {
      nodeName: options.name,
      wallMs: () => this.wallMs,
      utf8,
      random,
      policy: options.policy,
      participantId: () => ++this.#lastLink,
      enter: (input) => {
        this.enter(input);
      },
    };
    this.machine = host.createMachine(options, capabilities, this.#effects());
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  get wallMs(): number {
    return this.#clock.wallMs;
  }

  get dead(): boolean {
    return this.#mailbox.dead;
  }

  get paused(): boolean {
    return this.#mailbox.paused;
  }

  get waits(): Waits {
    return this.#host.waits;
  }

  /** Handlers that run. */
  get running(): number {
    return this.#executions.size;
  }

  /** Publishes for the handler that serves `invocation`. */
  publish(invocation: Invocation, message: HandlerMessage, onSettled: () => void): Promise<PublishConfirmation> {
    this.#topics ??= new HandlerTopics(this.#topicsHost);
    return this.#topics.publish(invocation, message, onSettled);
  }

  enter(input: NodeInput): void {
    if (this.#inTurn) this.#inputs.push(input);
    else this.#mailbox.post(input);
  }

  accept(socket: Socket): void {
    this.#mailbox.post({ kind: "accepting", socket });
  }

  pause(): void {
    this.#mailbox.pause();
  }

  resume(): void {
    this.#mailbox.resume();
  }

  /** Ends in order: says goodbye, stops, and tells `onClosed`. */
  close(onClosed: () => void): void {
    this.#onClosed = onClosed;
    this.enter({ kind: "close" });
  }

  /** Takes nothing new, finishes what runs, and closes. */
  drain(graceMs: number, onClosed: () => void): void {
    this.#onDrained = () => {
      this.#mailbox.after(0, () => {
        this.close(onClosed); // not in the turn that has told so, which may be over but for its end (V1)
      });
    };
    this.enter({ kind: "drain", graceMs });
  }

  /** Stops at once; far sides hear of it, unless it is `silent`. (V3) */
  crash(silent: boolean): void {
    this.#host.network.crash(this.nodeName, silent);
    this.#mailbox.kill();
    for (const execution of this.#executions.values()) execution.abandon();
    this.#executions.clear();
  }

  after(delayMs: number, happen: () => void): () => void {
    return this.#mailbox.after(this.#clock.worldDurationMs(delayMs), happen);
  }

  ask(ask: Ask, parent: Invocation | undefined, onEnd: (settled: Settled) => void, takesStreams?: boolean): () => void {
    const ticket = ++this.#lastTicket;
    this.#tickets.set(ticket, onEnd);
    this.enter({ kind: "ask", ticket, ask, parent, takesStreams });
    return () => {
      if (!this.#tickets.delete(ticket)) return;
      this.#withdrawn.add(ticket);
      this.enter({ kind: "withdraw", ticket });
    };
  }

  log(level: string, what: readonly unknown[]): void {
    this.#host.trace.remark(this.#worldMs, this.nodeName, () => `${level}: ${what.map(shown).join(" ")}`);
  }

  report({ invocation }: Execution, progress: Progress): void {
    this.#reports.report(invocation, progress);
  }

  opened({ invocation: { id } }: Execution, source: ItemSource, timings: Timings): void {
    this.#sources.set(id, source);
    this.enter({ kind: "opened", id, timings });
  }

  made({ invocation: { id } }: Execution, item: Uint8Array): void {
    this.enter({ kind: "made", id, item });
  }

  open(stream: ResultRef, taker: StreamTaker): ItemReader {
    return this.#readers.open(stream, taker);
  }

  ended({ invocation }: Execution, result: Uint8Array | MpregError, timings: Timings): void {
    this.#executions.delete(invocation.id);
    this.#reports.ended(invocation);
    this.#sources.delete(invocation.id);
    this.#readers.handlerEnded(invocation.id);
    this.#host.observe({ kind: "ended", node: this.nodeName, invocation, result });
    this.enter({ kind: "invoked", id: invocation.id, result, timings });
  }

  get #worldMs(): number {
    return this.#host.network.clock.nowMs;
  }

  #turn(items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === "accepting") this.#accept(item.socket);
      else this.#inputs.push(item);
    }
    if (this.#inputs.size === 0) this.#inputs.push({ kind: "tick" });
    this.#inTurn = true; // (V1)
    try {
      for (;;) {
        const input = this.#inputs.shift();
        if (input !== undefined) {
          this.#handle(input);
          continue;
        }
        this.#settle();
        if (this.#inputs.size > 0) continue;
        const pulled = this.#pulled.shift();
        if (pulled !== undefined) {
          pulled.pull();
          continue;
        }
        const execution = this.#starting.shift();
        if (execution === undefined) break;
        this.#start(execution); // what it causes goes in before the next starts
      }
      this.machine.flush(this.nowMs);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#host.violated("machine-runs", `Node "${this.nodeName}" threw: ${message}`);
      this.crash(false);
      return;
    } finally {
      this.#inTurn = false;
    }
    if (this.#onClosed === undefined) return this.#mailbox.wakeAt(this.#clock.worldMsOf(this.machine.nextDueMs));
    if (this.#tickets.size > 0) {
      this.#host.violated(
        "asks-end-once",
        `Node "${this.nodeName}" has closed and left ${this.#tickets.size} asks open`,
      );
    }
    this.crash(false);
    this.#onClosed();
  }

  #handle(input: NodeInput): void {
    if (input.kind === "progress") this.#reportsWaiting -= 1;
    const bytes = input.kind === "link-bytes" ? input.bytes : undefined;
    this.#host.trace.input(this.#worldMs, this.nodeName, input.kind, numberOf(input), bytes);
    this.machine.handle(input, this.nowMs);
    // until it knows, the machine may use a link that is gone: then it speaks to nobody
    if (input.kind === "link-closed") this.#sockets.delete(input.link);
  }

  /** Starts a handler that the machine wants run; what ends at once goes back in. (V1) */
  #start(execution: Execution): void {
    const { invocation, aborted } = execution;
    const fun = this.#functions.get(invocation.fun, invocation.version);
    if (fun !== undefined && !aborted) {
      const { idempotent } = fun.offer;
      const isKeyed = idempotent === "with-key" && invocation.terms?.idempotencyKey !== undefined;
      const mayRepeat = idempotent === "yes" || isKeyed;
      this.#host.observe({ kind: "started", node: this.nodeName, invocation, mayRepeat });
      return execution.start(fun);
    }
    this.#executions.delete(invocation.id);
    const result = aborted
      ? abortError("cancelled")
      : new MpregError("no-provider", `Cannot call "${invocation.fun}": it was just unregistered`);
    this.enter({ kind: "invoked", id: invocation.id, result, timings: { queueUs: 0, runUs: 0 } });
  }

  #settle(): void {
    const settled = this.#settled;
    if (settled.length === 0) return;
    this.#settled = [];
    for (const { ticket, settled: end } of settled) {
      const onEnd = this.#tickets.get(ticket);
      if (onEnd === undefined && !this.#withdrawn.delete(ticket)) {
        this.#host.violated(
          "asks-end-once",
          `Node "${this.nodeName}" has settled ask ${ticket} twice, or it never was`,
        );
      }
      this.#tickets.delete(ticket);
      if (onEnd === undefined) this.#readers.unwanted(end);
      else onEnd(end);
    }
  }

  #accept(socket: Socket): void {
    if (socket.over) return;
    const link = this.#hold(socket);
    socket.accept();
    this.#inputs.push({
      kind: "link-opened",
      link,
      protocol: "native",
      attempt: undefined,
      address: socket.remoteHost,
    });
  }

  #hold(socket: Socket): LinkId {
    const link = ++this.#lastLink;
    this.#sockets.set(link, socket);
    socket.own({
      received: (bytes) => {
        this.enter({ kind: "link-bytes", link, bytes });
      },
      writable: () => {
        this.enter({ kind: "link-writable", link });
      },
      lost: (reason) => {
        this.enter({ kind: "link-closed", link, reason });
      },
    });
    return link;
  }

  #dial(url: string, attempt: number): void {
    this.#host.network.dial(this.nodeName, url, {
      connected: (socket) => {
        if (this.dead) return socket.close("the process has ended");
        const link = this.#hold(socket);
        this.enter({ kind: "link-opened", link, protocol: "native", attempt, address: socket.remoteHost });
      },
      failed: (reason) => {
        this.enter({ kind: "dial-failed", attempt, reason });
      },
    });
  }

  #effects(): NodeEffects {
    return {
      dial: ({ url, attempt }) => {
        this.#dial(url, attempt);
      },
      send: (link, frame) => {
        const socket = this.#sockets.get(link);
        if (socket !== undefined) return this.#host.network.send(socket, frame);
        this.#violated(`has sent ${frame.length} bytes on link ${link}, which is not open`); // (V2)
        return 0;
      },
      close: (link, { code }) => {
        const socket = this.#sockets.get(link);
        if (socket === undefined) return this.#violated(`has closed link ${link}, which is not open`); // (V2)
        this.#sockets.delete(link);
        socket.close(code);
      },
      invoke: (invocation) => {
        const execution = new Execution(invocation, this);
        this.#executions.set(invocation.id, execution);
        this.#starting.push(execution);
      },
      revoke: (id) => this.#executions.get(id)?.revoke() === true,
      abort: (id, reason) => {
        const execution = this.#executions.get(id);
        if (execution === undefined) return;
        this.#host.observe({ kind: "aborted", node: this.nodeName, invocation: execution.invocation });
        const error = abortError(reason);
        execution.abort(error);
        this.#readers.handlerEnded(id, error);
      },
      pull: (id) => {
        const source = this.#sources.get(id);
        if (source !== undefined) this.#pulled.push(source);
      },
      streamed: (reader, bytes, totalBytes) => {
        this.#readers.streamed(reader, bytes, totalBytes);
      },
      streamFailed: (reader, error) => {
        this.#readers.failed(reader, error);
      },
      told: () => undefined, // nothing is watched here
      settle: (ticket, settled) => {
        this.#settled.push({ ticket, settled });
      },
      remember: (incarnation) => {
        this.#remember(incarnation);
      },
      report: (event) => {
        this.#host.observe({ kind: "reported", node: this.nodeName, event });
        if (event.kind === "drained") this.#onDrained?.();
      },
    };
  }

  #violated(what: string): void {
    this.#host.violated("links-are-used-while-open", `Node "${this.nodeName}" ${what}`);
  }
}

/** A part of a line that a handler has logged: a message, or fields. */
function shown(part: unknown): string {
  if (typeof part !== "object" || part === null) return String(part);
  try {
    return JSON.stringify(part);
  } catch {
    return "(cannot be shown)";
  }
}
