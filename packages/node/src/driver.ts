/**
 * Driver: feeds the node machine and carries out what it wants.
 *
 * A turn: an input goes in, a handler that the machine has started runs, what it caused goes in, and so on until
 * nothing is left, or for some ms. What was queued for others is sent when the event loop's current callback ends, so that what one
 * turn has to say to a link is one frame; if it is much, its beginning has left before (`core/link/outbox.ts`).
 *
 * (V1) The machine is never entered while it is on the stack: inputs that arise meanwhile wait their turn.
 * (V2) Handlers run outside of the machine, in the order in which it started them.
 * (V3) One timer, for what is due next.
 * (V4) A handler whose call is cancelled before it has started does not start.
 * (V5) Handlers that would start, or make another item, wait for the event loop when they have had it for long (`work-slice.ts`).
 * (V6) Those that would start and those that are asked for an item take turns, also beyond the end of a slice: however many items
 *      streams have to make, and however long each takes, a call starts after one of them, and an item is made after one start.
 * (V7) A turn that a program has caused is not in the program's flow (`flow.ts`).
 */
import { performance } from "node:perf_hooks";
import { MpregError, type Subject, type TraceContext } from "@mpreg/core/base";
import {
  CallContext,
  type ContextHost,
  type ExecuteHost,
  FunctionTable,
  type ItemSource,
  ProgressReports,
  StreamReaders,
  abortError,
  execute,
} from "@mpreg/core/handlers";
import type { LinkId } from "@mpreg/core/link";
import {
  type ClusterInfo,
  type NodeCapabilities,
  type NodeEffects,
  type NodeEvent,
  type NodeInput,
  NodeMachine,
  type NodeOptions,
} from "@mpreg/core/node";
import {
  type Ask,
  type Asker,
  Caller,
  type EndCode,
  type Invocation,
  type Look,
  type Looking,
  type Settled,
  type Tracing,
} from "@mpreg/core/rpc";
import type { AnswerLost } from "@mpreg/core/program";
import { Fifo } from "@mpreg/core/structures";
import type { InspectSubject, Timings } from "@mpreg/core/wire";
import { Flow } from "./flow.js";
import { contextHost } from "./handlers.js";
import type { Logger } from "./log.js";
import { RunEnds } from "./run-ends.js";
import { OwnProgram } from "./own-program.js";
import { Starting } from "./starting.js";
import { Traffic } from "./traffic.js";
import { WorkSlice } from "./work-slice.js";
import type { Connection } from "./transports/types.js";
import type { HandlerNote } from "./watchdog/handler-note.js";

export interface DriverOptions {
  readonly node: NodeOptions;
  readonly capabilities: NodeCapabilities;
  readonly log: Logger;
  readonly exposeStacks: boolean;
  readonly tracing: Tracing;
  /** Is told which handler has the event loop. */
  readonly note: HandlerNote | undefined;
  /** Opens a connection; it or its failure comes back through {@link Driver.dialed} or {@link Driver.dialFailed}. */
  readonly dial: (url: string, attempt: number) => void;
  readonly onEvent: (event: NodeEvent | AnswerLost) => void;
  /** Keeps the node's incarnation for its next run. */
  readonly remember: (incarnation: number) => void;
}

const timerMsMax = 2 ** 31 - 1;

type Invoked = Extract<NodeInput, { readonly kind: "invoked" }>;

/** The end of a handler with the call that it has served, if it was started, and how it has ended. */
type Ended = Invoked & { readonly invocation: Invocation | undefined; readonly code: EndCode };

/** What goes into the machine. */
export type DriverInput = Exclude<NodeInput, Invoked> | Ended;

const noTimings: Timings = { queueUs: 0, runUs: 0 };
const isRegistered = (): boolean => true;

export class Driver {
  readonly machine: NodeMachine;
  readonly functions: FunctionTable;
  readonly traffic: Traffic = new Traffic();
  /** The node's own program and its handlers, as they speak of topics. */
  readonly program: OwnProgram;
  readonly #options: DriverOptions;
  readonly #connections = new Map<LinkId, Connection>();
  readonly #running = new Map<number, CallContext>();
  readonly #tickets = new Map<number, Asker>();
  /** Handlers that make items. */
  readonly #sources = new Map<number, { readonly invocation: Invocation; readonly source: ItemSource }>();
  /** Those that are asked for an item. */
  readonly #pulled = new Fifo<{ readonly invocation: Invocation; readonly source: ItemSource }>();
  /** Whether a start comes next where an item is wanted, too. (V6) */
  #startIsNext = true;
  readonly #readers: StreamReaders;
  readonly #contextHost: ContextHost;
  readonly #runEnds: RunEnds;
  readonly #executeHost: ExecuteHost;
  readonly #inputs = new Fifo<DriverInput>();
  readonly #starting = new Starting();
  readonly #flow = new Flow();
  readonly #takeTurn = (): void => {
    this.#turn();
  };
  readonly #slice = new WorkSlice(this.#takeTurn);
  /** Reports of handlers that stand in `#inputs`. */
  #reportsWaiting = 0;
  readonly #reports = new ProgressReports(
    () => this.#reportsWaiting,
    (invocation, progress) => {
      this.#reportsWaiting += 1;
      this.enter({ kind: "progress", invocation, progress });
    },
  );
  #events: NodeEvent[] = [];
  #lastLink = 0;
  #lastTicket = 0;
  #inTurn = false;
  #onDrained: (left: number) => void = () => undefined;
  #closed = false;
  #flushScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Infinity;
  readonly #flush = (): void => {
    this.#flushScheduled = false;
    this.#inTurn = true; // (V1)
    try {
      this.machine.flush(performance.now());
    } finally {
      this.#inTurn = false;
    }
    if (this.#inputs.size > 0) this.#turn();
    this.#setTimer();
    if (this.#events.length > 0) this.#report();
  };
  readonly #tick = (): void => {
    this.#timerDueMs = Infinity;
    this.enter({ kind: "tick" });
  };

  constructor(options: DriverOptions) {
    this.#options = options;
    this.machine = new NodeMachine(options.node, options.capabilities, this.#effects());
    const { name, resources, link } = options.node;
    this.functions = new FunctionTable({
      name,
      semver: options.capabilities.semver,
      resources,
      messageBytesMax: link.limits.messageBytesMax,
      checkOpen: () => {
        if (this.#closed) throw new MpregError("closed", `Node "${name}" is closed`, { node: name });
      },
      registered: (fun) => {
        this.enter({ kind: "register", offer: fun.offer, queueMax: fun.queueMax });
      },
      unregistered: (fun, version) => {
        this.enter({ kind: "unregister", fun, version });
      },
    });
    this.program = new OwnProgram(this.machine, options.capabilities, {
      participantId: () => this.participantId(),
      enter: (input) => {
        this.enter(input);
      },
      tell: options.onEvent,
    });
    this.#runEnds = new RunEnds(options.log);
    this.#contextHost = contextHost(name, options.log, options.capabilities.codec, {
      callerOf: (parent, trace) => this.caller(parent, trace),
      report: (invocation, progress) => {
        this.#reports.report(invocation, progress);
      },
      publish: (invocation, message) => this.program.publish(invocation, message),
      ask: (invocation, message, patience) => this.program.ask(invocation, message, patience),
      startBatch: (fun, traces) => options.tracing.startBatch(fun, traces),
    });
    this.#executeHost = {
      codec: options.capabilities.codec,
      exposeStacks: options.exposeStacks,
      now: () => performance.now(),
      streams: {
        opened: (invocation, source, timings) => {
          this.#sources.set(invocation.id, { invocation, source });
          this.enter({ kind: "opened", id: invocation.id, timings });
        },
        made: ({ id }, item) => {
          this.enter({ kind: "made", id, item });
        },
        open: (stream, { id }) => this.#readers.open(stream, { invocation: id }),
      },
      ended: (invocation, result, timings) => {
        this.#ended(invocation, result, timings);
      },
    };
    this.#readers = new StreamReaders(options.capabilities.codec, options.node.rpc.valueBytesMax, (input) => {
      this.enter(input);
    });
  }

  /** What the node tells about itself and the cluster. */
  inspect(subject: InspectSubject): unknown {
    return this.machine.inspect(subject, performance.now());
  }

  /** The cluster as this node sees it. */
  cluster(): ClusterInfo {
    return this.inspect("cluster") as ClusterInfo;
  }

  /** Why the node takes no work; `undefined` when it does. */
  get unreadyReason(): string | undefined {
    if (this.#closed) return "the node is closing";
    return this.machine.isDraining ? "the node is draining" : undefined;
  }

  /** Hands an input to the machine, now or as soon as it can take one. */
  enter(input: DriverInput): void {
    this.#inputs.push(input);
    if (!this.#inTurn) this.#flow.run(input, this.#takeTurn); // (V7)
  }

  /** The calls of this node's own program, or of the handler that serves `parent`, as part of `trace`. */
  caller(parent: Invocation | undefined, trace?: TraceContext): Caller {
    return new Caller(this.asking(parent, trace));
  }

  /** What carries those calls. */
  asking(parent: Invocation | undefined, trace?: TraceContext, caller?: Subject): Looking {
    const { codec } = this.#options.capabilities;
    const { limits } = this.#options.node.link;
    return {
      codec,
      limits,
      nodeName: this.machine.name,
      tracing: this.#options.tracing,
      trace,
      tellsEvents: true,
      call: (fields, asker) => this.#ask({ kind: "call", fields }, parent, asker, caller),
      request: (fields, asker) => this.#ask({ kind: "request", fields }, parent, asker),
      look: (look, asker) => this.#ask(look, parent, asker),
      openStream: (stream) => {
        const isRunning = parent !== undefined && this.#running.has(parent.id);
        return this.#readers.open(stream, { invocation: isRunning ? parent.id : undefined });
      },
      withdraw: (ticket) => {
        if (this.#tickets.delete(ticket)) this.enter({ kind: "withdraw", ticket });
      },
    };
  }

  /** A number for somebody who publishes and subscribes at this node without a link. */
  participantId(): number {
    return ++this.#lastLink;
  }

  /** The other side has opened a connection. */
  accepted(connection: Connection): LinkId {
    return this.#opened(connection, undefined);
  }

  /** The dial `attempt` has led to a connection. */
  dialed(connection: Connection, attempt: number): LinkId {
    return this.#opened(connection, attempt);
  }

  dialFailed(attempt: number, reason: string): void {
    this.enter({ kind: "dial-failed", attempt, reason });
  }

  received(link: LinkId, bytes: Uint8Array): void {
    this.traffic.received(bytes.length);
    this.enter({ kind: "link-bytes", link, bytes });
  }

  writable(link: LinkId): void {
    this.enter({ kind: "link-writable", link });
  }

  disconnected(link: LinkId, reason: string): void {
    if (this.#connections.delete(link)) this.enter({ kind: "link-closed", link, reason });
  }

  /** Takes nothing new and finishes what runs; answers how much had not ended when `graceMs` were over. */
  drain(graceMs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.enter({ kind: "drain", graceMs });
    });
  }

  /** Ends everything; what waits is told. */
  close(): void {
    this.#closed = true;
    this.enter({ kind: "close" });
    this.#flush();
    this.#onDrained(0); // nothing runs any more
    this.program.end();
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const running of this.#running.values()) running.abort(new MpregError("closed", "The node is closing"));
    this.#running.clear();
    this.#readers.end(new MpregError("closed", "The node is closing", { outcome: "unknown" }));
  }

  #turn(): void {
    this.#inTurn = true; // (V1)
    try {
      for (;;) {
        const input = this.#inputs.shift();
        if (input !== undefined) {
          const nowMs = performance.now();
          if (input.kind === "link-bytes" || input.kind === "tick") this.#slice.entered(nowMs);
          else this.#slice.seen(nowMs);
          if (input.kind === "invoked" && input.invocation !== undefined) {
            this.#ran(input.invocation, input.code, nowMs);
          } else if (input.kind === "progress") this.#reportsWaiting -= 1;
          this.machine.handle(input, nowMs);
          continue;
        }
        if (this.#pulled.size + this.#starting.size === 0 || this.#slice.isOver()) break; // (V5)
        const starts = this.#pulled.size === 0 || (this.#startIsNext && this.#starting.size > 0);
        this.#startIsNext = !starts; // (V6)
        if (starts) {
          const invocation = this.#starting.shift(); // (V2)
          if (invocation !== undefined) this.#start(invocation);
        } else {
          const pulled = this.#pulled.shift();
          if (pulled !== undefined) this.#pull(pulled.invocation, pulled.source);
        }
      }
    } finally {
      this.#inTurn = false;
    }
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      process.nextTick(this.#flush);
    }
    if (this.#events.length > 0) this.#report();
  }

  #start(invocation: Invocation): void {
    if (this.#starting.isDropped(invocation)) return this.#notStarted(invocation, abortError("cancelled")); // (V4)
    const fun = this.functions.get(invocation.fun, invocation.version);
    if (fun === undefined) {
      // withdrawn between the machine's choice and now
      const message = `Cannot call "${invocation.fun}": it was just unregistered`;
      return this.#notStarted(invocation, new MpregError("no-provider", message));
    }
    this.traffic.runs.start(invocation.fun, isRegistered);
    const span = this.#options.tracing.startRun(invocation);
    const context = new CallContext(invocation, this.#contextHost, span?.trace, span);
    const { note } = this.#options;
    note?.enter(invocation);
    let runsOn: boolean;
    if (span === undefined) runsOn = execute(invocation, fun, context, this.#executeHost);
    else {
      if (span.needsEnd) this.#runEnds.recorded(invocation, span);
      runsOn = span.run(() => execute(invocation, fun, context, this.#executeHost));
    }
    note?.leave();
    if (runsOn) this.#running.set(invocation.id, context);
  }

  #pull(invocation: Invocation, source: ItemSource): void {
    const { note } = this.#options;
    note?.enter(invocation);
    source.pull();
    note?.leave();
  }

  #notStarted({ id }: Invocation, result: MpregError): void {
    this.enter({ kind: "invoked", id, result, timings: noTimings, invocation: undefined, code: result.code });
  }

  #ended(invocation: Invocation, result: Uint8Array | MpregError, timings: Timings): void {
    const code = this.#runEnds.ended(invocation, result);
    this.#running.delete(invocation.id);
    this.#reports.ended(invocation);
    this.#sources.delete(invocation.id);
    this.#readers.handlerEnded(invocation.id);
    this.enter({ kind: "invoked", id: invocation.id, result, timings, invocation, code });
  }

  /** A handler has ended. */
  #ran({ fun, startedMs }: Invocation, code: EndCode, nowMs: number): void {
    this.traffic.runs.of(fun).end(code, nowMs - startedMs);
  }

  #ask(ask: Ask | Look, parent: Invocation | undefined, asker: Asker, caller?: Subject): number {
    const ticket = ++this.#lastTicket;
    this.#tickets.set(ticket, asker);
    this.enter({ kind: "ask", ticket, ask, parent, caller, takesStreams: asker.takesStreams });
    return ticket;
  }

  #opened(connection: Connection, attempt: number | undefined): LinkId {
    const link = ++this.#lastLink;
    this.#connections.set(link, connection);
    const { protocol, address } = connection;
    this.enter({ kind: "link-opened", link, protocol, attempt, address });
    return link;
  }

  #effects(): NodeEffects {
    return {
      dial: ({ url, attempt }) => {
        this.#options.dial(url, attempt);
      },
      send: (link, frame) => {
        const connection = this.#connections.get(link);
        if (connection === undefined) return 0;
        this.traffic.sent(frame.length);
        return connection.send(frame);
      },
      releasesFrames: true,
      close: (link, goodbye) => {
        const connection = this.#connections.get(link);
        this.#connections.delete(link);
        connection?.close(goodbye);
      },
      invoke: (invocation) => {
        this.#starting.push(invocation);
      },
      revoke: (id) => this.#running.get(id)?.revoke() ?? this.#starting.drop(id),
      abort: (id, reason) => {
        const running = this.#running.get(id);
        if (running === undefined) {
          this.#starting.drop(id); // else it has ended, and the machine does not know yet
          return;
        }
        const error = abortError(reason);
        this.#runEnds.aborted(id, reason);
        running.abort(error);
        this.#running.delete(id);
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
      settle: (ticket, settled) => {
        const asker = this.#tickets.get(ticket);
        this.#tickets.delete(ticket);
        if (asker === undefined) this.#readers.unwanted(settled);
        else tell(asker, settled);
      },
      told: (ticket, event, value) => {
        this.#tickets.get(ticket)?.event?.(event, value);
      },
      remember: (incarnation) => {
        this.#options.remember(incarnation);
      },
      report: (event) => {
        this.#events.push(event);
        if (event.kind === "drained") this.#onDrained(event.left);
      },
    };
  }

  #report(): void {
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#options.onEvent(event);
  }

  #setTimer(): void {
    const dueMs = this.machine.nextDueMs;
    if (dueMs >= this.#timerDueMs) return; // (V3)
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(this.#tick, Math.min(timerMsMax, Math.max(1, Math.ceil(dueMs - performance.now()))));
  }
}

function tell(asker: Asker, settled: Settled): void {
  if (settled.kind === "answered") asker.answered(settled.value, undefined, settled.summary);
  else if (settled.kind === "results") asker.results(settled.outputs, settled.reports, settled.summary);
  else asker.failed(settled.error);
}
