/**
 * Execution: one call of a handler on a simulated node.
 *
 * What a handler gets and what its caller gets of it is the core's, as on a real node; here is when it waits.
 *
 * (E1) An execution whose node has crashed never goes on: what it waits for does not come.
 * (E2) It waits for the world as long as at least one of its sleeps and calls is under way.
 */
import type { MpregError, TraceContext } from "@mpreg/core/base";
import {
  type AbortSource,
  CallContext,
  type ContextHost,
  type ExecuteHost,
  type HandlerContext,
  type HandlerLog,
  type ItemSource,
  type LogLine,
  type RegisteredFunction,
  type StreamHost,
  type StreamTaker,
  execute,
} from "@mpreg/core/handlers";
import type { HandlerMessage, PublishConfirmation } from "@mpreg/core/program";
import { type Ask, Caller, type Invocation, type ItemReader, type Progress, type Settled } from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import type { ResultRef, Timings, WireLimits } from "@mpreg/core/wire";
import { type StartAsk, askingWith } from "../asking.js";
import { createAbort } from "../capabilities/platform.js";
import type { Waiter, Waits } from "./waits.js";

/** The node an execution runs on. */
export interface ExecutionHost {
  readonly nodeName: string;
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly waits: Waits;
  /** The node's monotonic clock. */
  readonly nowMs: number;
  readonly wallMs: number;
  after(delayMs: number, happen: () => void): () => void;
  /** Asks the node's machine for nested work; answers how to withdraw it. */
  ask(ask: Ask, parent: Invocation, onEnd: (settled: Settled) => void, takesStreams: boolean | undefined): () => void;
  log(level: string, what: readonly unknown[]): void;
  report(execution: Execution, progress: Progress): void;
  /** `onSettled` is called when it is known what became of the message; not where it is refused before the node has seen it. */
  publish(invocation: Invocation, message: HandlerMessage, onSettled: () => void): Promise<PublishConfirmation>;
  /** The handler makes the items of a stream. */
  opened(execution: Execution, source: ItemSource, timings: Timings): void;
  made(execution: Execution, item: Uint8Array): void;
  /** Lets the handler that serves `invocation` read a stream. */
  open(stream: ResultRef, taker: StreamTaker): ItemReader;
  ended(execution: Execution, result: Uint8Array | MpregError, timings: Timings): void;
}

export class Execution implements ContextHost, ExecuteHost, Waiter {
  readonly invocation: Invocation;
  readonly exposeStacks: boolean = false;
  readonly streams: StreamHost = {
    opened: (_invocation, source, timings) => {
      if (this.#state === "running") this.#host.opened(this, source, timings); // (E1)
    },
    made: (_invocation, item) => {
      if (this.#state === "running") this.#host.made(this, item); // (E1)
    },
    open: (stream, invocation) => this.#host.open(stream, { invocation: invocation.id, hold: () => this.hold() }),
  };
  readonly #host: ExecutionHost;
  readonly #context: CallContext;
  #underWay = 0;
  #state: "starting" | "running" | "ended" | "abandoned" = "starting";
  #aborted = false;

  constructor(invocation: Invocation, host: ExecutionHost) {
    this.invocation = invocation;
    this.#host = host;
    this.#context = new CallContext(invocation, this);
  }

  get title(): string {
    return `"${this.invocation.fun}" on node "${this.#host.nodeName}"`;
  }

  get nodeName(): string {
    return this.#host.nodeName;
  }

  get codec(): Codec {
    return this.#host.codec;
  }

  /** Nobody waits for it any more. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Runs the handler. */
  start(fun: RegisteredFunction): void {
    if (this.#state === "starting") this.#state = "running";
    const runsOn = execute(this.invocation, fun, this.#context, this);
    if (runsOn && this.#underWay === 0) this.#host.waits.woken(this);
  }

  /** Keeps the handler from beginning; answers whether that was in time. */
  revoke(): boolean {
    return this.#state === "starting" || this.#context.revoke(); // the call is aborted then
  }

  /** Tells the handler that nobody waits any more. */
  abort(reason: MpregError): void {
    this.#aborted = true;
    this.#context.abort(reason);
  }

  /** The node has crashed. (E1) */
  abandon(): void {
    this.#state = "abandoned";
    this.#host.waits.resting(this);
  }

  now(): number {
    return this.#host.nowMs;
  }

  wallMs(): number {
    return this.#host.wallMs;
  }

  createAbort(): AbortSource {
    return createAbort();
  }

  logOf({ request, step }: HandlerContext): HandlerLog {
    const at =
      (level: string): LogLine =>
      (...what: unknown[]) => {
        this.#host.log(level, [`${request} ${step}`, ...what]);
      };
    return {
      trace: at("trace"),
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      fatal: at("fatal"),
    };
  }

  callerOf(parent: Invocation, trace: TraceContext | undefined): Caller {
    const start: StartAsk = (ask, onEnd, takesStreams) => {
      const wait = this.#wait();
      const ended = (settled: Settled): void => {
        wait.end();
        onEnd(settled);
      };
      const withdraw = this.#host.ask(ask, parent, ended, takesStreams);
      return () => {
        wait.end();
        withdraw();
      };
    };
    const openStream = (stream: ResultRef): ItemReader =>
      this.#host.open(stream, { invocation: parent.id, hold: () => this.hold() });
    return new Caller({ ...askingWith(start, this.#host.limits, this.nodeName), trace, openStream });
  }

  after(durationMs: number, happen: () => void): () => void {
    const wait = this.#wait();
    const cancel = this.#host.after(durationMs, () => {
      wait.end();
      happen();
    });
    return () => {
      wait.end();
      cancel();
    };
  }

  hold(): () => void {
    const wait = this.#wait();
    return () => {
      wait.end();
    };
  }

  publish(invocation: Invocation, message: HandlerMessage): Promise<PublishConfirmation> {
    if (this.#state === "abandoned") return new Promise(() => undefined); // (E1)
    const wait = this.#wait();
    const told = this.#host.publish(invocation, message, () => {
      wait.end();
    });
    told.catch(() => {
      wait.end();
    });
    return told;
  }

  report(_invocation: Invocation, progress: Progress): void {
    if (this.#state === "running") this.#host.report(this, progress); // (E1)
  }

  ended(_invocation: Invocation, result: Uint8Array | MpregError, timings: Timings): void {
    if (this.#state === "abandoned") return; // (E1)
    this.#state = "ended";
    this.#host.waits.resting(this);
    this.#host.ended(this, result, timings);
  }

  /** Begins a wait for the world, until its `end`. (E2) */
  #wait(): { end(): void } {
    let pending = true;
    this.#underWay += 1;
    this.#host.waits.resting(this);
    const end = (): void => {
      if (!pending) return;
      pending = false;
      this.#underWay -= 1;
      if (this.#state === "abandoned") return; // (E1)
      this.#host.waits.told();
      if (this.#state === "running" && this.#underWay === 0) this.#host.waits.woken(this);
    };
    return { end };
  }
}
