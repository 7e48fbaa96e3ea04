/**
 * Call context: what a handler gets from `context()`, made from the call it serves and from what its driver can do.
 *
 * (K1) What few handlers use costs nothing until they do: signal, logger, caller and sleeps are made when asked for.
 * (K2) The handler's own signal ends its sleeps, each once; a sleep that has ended leaves nothing behind.
 * (K3) A context that serves several calls has the time of the one that has most, and aborts with the last of them.
 * (K4) A call that waits for something before its handler begins can be revoked until then; after that it never begins.
 * (K5) What others call of the handler (the next item, its end, its listeners) runs as the handler does: in its context and span.
 */
import { MpregError, type Subject, type TraceContext, assert, traceparentOf } from "../base/index.js";
import {
  type AbortReason,
  type Caller,
  type CancelSignal,
  type Graph,
  type Invocation,
  type Progress,
  type RunSpan,
  type UntypedCall,
  durationMsMax,
  requestIdOf,
} from "../rpc/index.js";
import { onAbort } from "../structures/index.js";
import { inContext } from "./context.js";
import {
  type AbortSource,
  type Clock,
  type ConfirmOptions,
  type HandlerMessage,
  type HandlerSignal,
  type PublishConfirmation,
  type RequestPublishOptions,
  type Told,
  handlerMessage,
  questionMs,
  within,
} from "../program/index.js";
import type { Codec } from "../values/index.js";
import { invocationWith } from "./invocation.js";
import { progressOf } from "./progress.js";
import type { HandlerContext, HandlerLog, SleepOptions } from "./types.js";

/** How long a handler waits for the answer to a question. */
export interface QuestionPatience {
  readonly timeoutMs: number;
  readonly signal: HandlerSignal;
}

/** What a context needs of the driver that runs the handler. */
export interface ContextHost {
  readonly nodeName: string;
  /** Monotonic time, in ms. */
  now(): number;
  /** Wall clock, in ms since 1970. */
  wallMs(): number;
  createAbort(): AbortSource;
  logOf(context: HandlerContext): HandlerLog;
  /** Calls on behalf of the handler that serves `parent`, as part of `trace`. */
  callerOf(parent: Invocation, trace: TraceContext | undefined): Caller;
  readonly codec: Codec;
  /** The handler has reported something, and somebody watches. */
  report(invocation: Invocation, progress: Progress): void;
  /** Publishes for the handler that serves `invocation`. */
  publish(invocation: Invocation, message: HandlerMessage): Promise<PublishConfirmation>;
  /**
   * Publishes a question for the handler that serves `invocation`; resolves to the first answer, encoded. A host without it has no topics
   * for answers.
   */
  ask?(invocation: Invocation, message: HandlerMessage, patience: QuestionPatience): Promise<Uint8Array>;
  /** A span for a handler that serves several calls of `fun` at once, which are part of `traces`; nowhere without tracing. */
  startBatch?(fun: string, traces: readonly (TraceContext | undefined)[]): RunSpan | undefined;
  /** Runs `happen` after `durationMs`, unless the function that comes back is called before. */
  after(durationMs: number, happen: () => void): () => void;
  /**
   * The call waits for something that other calls bring about, until the function that comes back is called. A host
   * that does not care what its handlers wait for has no such method.
   */
  hold?(): () => void;
}

/** The reason with which a handler's signal aborts. */
export function abortError(reason: AbortReason): MpregError {
  return new MpregError(reason === "deadline" ? "deadline" : "cancelled", `Nobody waits for the result: ${reason}`);
}

const always = (): boolean => true;

export class CallContext implements HandlerContext {
  readonly #invocation: Invocation;
  readonly #host: ContextHost;
  readonly #trace: TraceContext | undefined;
  readonly #span: Pick<RunSpan, "run"> | undefined;
  /** Keeps the handler from beginning, while it has not; answers whether that was in time. */
  #revoke: (() => boolean) | undefined;
  #controller: AbortSource | undefined;
  #aborted: MpregError | undefined;
  #caller: Caller | undefined;
  #log: HandlerLog | undefined;
  /** The calls that share it. */
  #calls: readonly CallContext[] | undefined;
  /** Told when nobody waits any more: what ends each sleep early, and contexts that serve this call with others. */
  #watchers: Set<(reason: MpregError) => void> | undefined;

  /** `trace` is that of the handler's own span; without one, what has come with the call goes on. */
  constructor(
    invocation: Invocation,
    host: ContextHost,
    trace: TraceContext | undefined = invocation.terms?.trace,
    span?: Pick<RunSpan, "run">,
  ) {
    this.#invocation = invocation;
    this.#trace = trace;
    this.#span = span;
    this.#host = host;
  }

  get signal(): HandlerSignal {
    if (this.#controller === undefined) {
      this.#controller = this.#host.createAbort(); // (K1)
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#invocation.deadlineMs - this.#host.now());
  }

  get deadline(): Date {
    return new Date(this.#host.wallMs() + this.remainingMs);
  }

  get nowMs(): number {
    return this.#host.now();
  }

  get fun(): string {
    return this.#invocation.fun;
  }

  get node(): string {
    return this.#host.nodeName;
  }

  get request(): string {
    return requestIdOf(this.#invocation.coordinator, this.#invocation.request);
  }

  get step(): string {
    return this.#invocation.step;
  }

  get depth(): number {
    return this.#invocation.depth;
  }

  get idempotencyKey(): string | undefined {
    return this.#invocation.terms?.idempotencyKey;
  }

  get traceparent(): string | undefined {
    return this.#trace === undefined ? undefined : traceparentOf(this.#trace);
  }

  /** The trace that it is part of, with the `tracestate`. */
  get trace(): TraceContext | undefined {
    return this.#trace;
  }

  get caller(): Subject {
    return this.#invocation.caller;
  }

  get log(): HandlerLog {
    return (this.#log ??= this.#host.logOf(this));
  }

  get progress(): (value: unknown) => void {
    return (value) => {
      if (this.#calls === undefined) this.#report(value);
      else for (const call of this.#calls) call.#report(value);
    };
  }

  /** The handler has reported something, wherever it runs. */
  reported(progress: Progress): void {
    this.#host.report(this.#invocation, progress);
  }

  get publish(): HandlerContext["publish"] {
    return ((topic: string, payload: unknown, options?: Partial<ConfirmOptions>) =>
      this.#publish(topic, payload, options)) as HandlerContext["publish"]; // it tells what it has come to only where that is wanted
  }

  /** The handler has published something, wherever it runs. */
  published(message: HandlerMessage): Promise<PublishConfirmation> {
    return this.#host.publish(this.#invocation, message);
  }

  get publishRequest(): HandlerContext["publishRequest"] {
    return ((topic: string, payload: unknown, options?: RequestPublishOptions) =>
      this.#publishRequest(topic, payload, options)) as HandlerContext["publishRequest"]; // the answer is what its caller says it is
  }

  /** The handler asks something of a topic, wherever it runs: until nobody waits for it any more, or `signal` aborts. */
  asked(message: HandlerMessage, timeoutMs: number, signal?: CancelSignal): Promise<Uint8Array> {
    const host = this.#host;
    const ending = host.createAbort();
    const end = (reason: unknown): void => {
      ending.abort(reason);
    };
    if (this.#aborted !== undefined) end(this.#aborted);
    const forget = [this.onAbort(end)]; // (K2)
    if (signal !== undefined) forget.push(this.#onSignal(signal, end));
    const answer = host.ask?.(this.#invocation, message, { timeoutMs, signal: ending.signal });
    const told =
      answer ?? Promise.reject(new MpregError("unsupported", "Handlers cannot ask for answers over topics here"));
    return told.finally(() => {
      for (const each of forget) each();
    });
  }

  get call(): UntypedCall {
    const nested = this.#nested;
    return (fun, args, options) => nested.call(fun, args, options);
  }

  get graph(): () => Graph {
    const nested = this.#nested;
    return () => nested.graph();
  }

  get sleep(): HandlerContext["sleep"] {
    return (durationMs, options) => this.#sleep(durationMs, options?.signal);
  }

  get #nested(): Caller {
    return (this.#caller ??= this.#host.callerOf(this.#invocation, this.#trace));
  }

  #publish(topic: string, payload: unknown, options: Partial<ConfirmOptions> = {}): Promise<Told> {
    return new Promise((resolve, reject) => {
      const { message, patience } = handlerMessage(this.#host.codec, topic, payload, options);
      const told = this.published(message);
      const late = "The time allowed ran out before the node had taken the message";
      within(this.#clock, told, { late, ...patience, signal: patience.signal }).then((result) => {
        resolve(options.confirm === undefined ? undefined : result);
      }, reject);
    });
  }

  #publishRequest(topic: string, payload: unknown, options: RequestPublishOptions = {}): Promise<unknown> {
    return new Promise((resolve) => {
      const timeoutMs = questionMs(options, this.remainingMs);
      if (timeoutMs <= 0) throw abortError("deadline");
      const { codec } = this.#host;
      const { message } = handlerMessage(codec, topic, payload, options);
      resolve(this.asked(message, timeoutMs, options.signal).then((answer) => codec.decode(answer)));
    });
  }

  get #clock(): Clock {
    const host = this.#host;
    return {
      now: () => host.now(),
      wallMs: () => host.wallMs(),
      setTimer: (callback, ms) => host.after(ms, callback),
      clearTimer: (timer) => {
        (timer as () => void)();
      },
      endOfTurn: (callback) => {
        host.after(0, callback);
      },
    };
  }

  #report(value: unknown): void {
    if (this.#invocation.terms?.watched === true) this.reported(progressOf(value, this.#host.codec)); // (K1)
  }

  /** The handler has not begun: until {@link begins} is called, or as long as `revoke` answers so, it can be kept from it. (K4) */
  beginsLater(revoke: () => boolean = always): void {
    this.#revoke = revoke;
  }

  /** The handler is about to begin: nothing keeps it from that any more. */
  begins(): void {
    this.#revoke = undefined;
  }

  /** Keeps the handler from beginning; answers whether that was in time. The call is to be aborted then. (K4) */
  revoke(): boolean {
    return this.#revoke?.() === true;
  }

  /** Runs code of the handler that others call: in its context, and in its span. (K5) */
  run<R>(handler: () => R): R {
    if (this.#span === undefined) return inContext(this, handler);
    return this.#span.run(() => inContext(this, handler));
  }

  /** Tells the handler that nobody waits any more. Does nothing the second time. */
  abort(reason: MpregError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    this.run(() => this.#controller?.abort(reason)); // those who listen are the handler's, and ask for its context
    for (const end of [...(this.#watchers ?? [])]) end(reason); // (K2)
  }

  /** Why nobody waits any more; `undefined` while somebody does. */
  get abortReason(): MpregError | undefined {
    return this.#aborted;
  }

  /**
   * The context of a handler that serves all of these calls at once, in `span`, or else as part of the first's trace. In all else
   * than (K3) it is that of the first.
   */
  static shared(calls: readonly CallContext[], span?: RunSpan): CallContext {
    const first = calls[0];
    assert(first !== undefined, "a context is that of a call");
    const deadlineMs = Math.max(...calls.map((call) => call.#invocation.deadlineMs));
    const shared = new CallContext(
      invocationWith(first.#invocation, { deadlineMs }),
      first.#host,
      span?.trace ?? first.#trace,
      span,
    );
    shared.#calls = calls;
    let wanted = calls.length;
    for (const call of calls) {
      call.onAbort((reason) => {
        wanted -= 1;
        if (wanted === 0) shared.abort(reason); // (K3)
      });
    }
    return shared;
  }

  /** The span of a handler that serves this call and the others of `calls`; `undefined` when nothing records. */
  startBatch(calls: readonly CallContext[]): RunSpan | undefined {
    return this.#host.startBatch?.(
      this.fun,
      calls.map((call) => call.#trace),
    );
  }

  /** Calls `happen` when nobody waits any more, unless the function that comes back is called before. (K1) */
  onAbort(happen: (reason: MpregError) => void): () => void {
    const watchers = (this.#watchers ??= new Set());
    watchers.add(happen);
    return () => watchers.delete(happen);
  }

  /** Runs `happen` after `durationMs`, whoever waits, unless the function that comes back is called before. */
  after(durationMs: number, happen: () => void): () => void {
    return this.#host.after(durationMs, happen);
  }

  /** See {@link ContextHost.hold}. */
  hold(): () => void {
    return this.#host.hold?.() ?? ((): void => undefined);
  }

  #sleep(durationMs: unknown, signal: SleepOptions["signal"]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (typeof durationMs !== "number" || !(durationMs >= 0 && durationMs <= durationMsMax)) {
        const range = `a number of milliseconds from 0 to ${durationMsMax}`;
        return reject(new MpregError("invalid-argument", `sleep takes ${range}, got ${String(durationMs)}`));
      }
      const fail: (reason: unknown) => void = reject; // a signal's reason is told as it is
      if (signal === undefined ? this.#aborted !== undefined : signal?.aborted === true) {
        return fail(signal === undefined ? this.#aborted : signal?.reason);
      }
      const giveUp = this.#host.after(durationMs, () => {
        forget();
        resolve();
      });
      const forget = this.#onSignal(signal, (reason) => {
        forget(); // (K2)
        giveUp();
        fail(reason);
      });
    });
  }

  /** Calls `end` when the signal, or the handler's own, aborts; answers how to stop listening. */
  #onSignal(signal: SleepOptions["signal"], end: (reason: unknown) => void): () => void {
    if (signal === null) return () => undefined;
    if (signal === undefined) {
      // no listener on the own signal: platforms warn of many, and it need not even be made (K1)
      return this.onAbort(end);
    }
    return onAbort(signal, () => {
      end(signal.reason);
    });
  }
}
