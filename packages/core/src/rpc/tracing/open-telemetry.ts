/**
 * OpenTelemetry: spans of calls and handlers through `@opentelemetry/api`, whichever copy of it the program uses.
 *
 * Owns what spans are called and say. The API is handed in, so that nobody has to have it (and described here by the
 * parts that are used, so that nobody's compiler has to find it).
 *
 * (O1) Without a registered SDK nothing is made: a look at the API is all that it costs.
 * (O2) What is not sampled is passed on, with its ids, and makes no spans: nothing is made of it unless somebody looks.
 * (O3) A handler's span is the child of what came with its call, never of what happens to run on its node.
 * (O4) Spans say names, places and codes. No arguments, results or messages.
 * (O5) Calls that are served together have one span more, the child of the first that is sampled, with a link to one of each
 *      other trace.
 */
import {
  type MpregError,
  type TraceContext,
  isSampled,
  kindOf,
  hexValue,
  packTrace,
  traceIdOf,
  unpackTrace,
} from "../../base/index.js";
import { invalid } from "../graph/call-options.js";
import { tracedTerms } from "../graph/terms.js";
import { requestIdOf } from "../watching/summary.js";
import type { StepTerms } from "../../wire/terms.js";
import type { Invocation } from "../task.js";
import type { CallSpan, RunSpan, Span, Tracing } from "./tracing.js";

type Attributes = Readonly<Record<string, string | number>>;

/** The part of OpenTelemetry's `SpanContext` that is used. */
interface OtelSpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean | undefined;
  readonly traceState?: { serialize(): string } | undefined;
}

/** OpenTelemetry's `Context`. */
interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
  deleteValue(key: symbol): OtelContext;
}

interface OtelSpan {
  spanContext(): OtelSpanContext;
  isRecording(): boolean;
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { readonly code: number }): unknown;
  end(): void;
}

interface OtelLink {
  readonly context: OtelSpanContext;
}

interface OtelTracer {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly attributes: Attributes; readonly links?: readonly OtelLink[] },
    context: unknown,
  ): OtelSpan;
}

/** The part of the module `@opentelemetry/api` that is used. */
export interface OpenTelemetryApi {
  // methods, so that the API's own types for what is passed through here are as good as these
  readonly trace: {
    getTracerProvider(): object;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the API's own context, which only the API looks into
    getSpanContext(context: any): OtelSpanContext | undefined;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
    setSpanContext(context: any, spanContext: any): unknown;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
    setSpan(context: any, span: any): unknown;
  };
  readonly context: {
    active(): unknown;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
    with<R>(context: any, run: () => R): R;
  };
  readonly ROOT_CONTEXT: unknown;
  createTraceState(raw?: string): { serialize(): string };
}

/** Throws `invalid-argument` for an option `openTelemetry` that is not the module. */
export function checkOpenTelemetry(given: unknown): void {
  const isApi = typeof given === "object" && given !== null && "trace" in given && "context" in given;
  if (given === undefined || isApi) return;
  throw invalid(`openTelemetry must be the module @opentelemetry/api, got ${kindOf(given)}`);
}

/** `SpanKind` and `SpanStatusCode` of the API: numbers that its specification fixes. */
const kindInternal = 0;
const kindServer = 1;
const kindClient = 2;
const statusError = 2;

const invalidTraceId = "0".repeat(32);
const zero = 0x30;

/** The module and its parts, taken out of it once: in the module they are getters, which cost more than what they answer. */
interface Api {
  readonly module: OpenTelemetryApi;
  readonly trace: OpenTelemetryApi["trace"];
  readonly context: OpenTelemetryApi["context"];
}

/** A trace of the program's, and what goes on for it. */
interface Known {
  readonly known: OtelSpanContext;
  readonly span: CallSpan;
}

const passingSlots = 1024;

/** By the last ten bits of the span's id, which is drawn by chance. */
function slotOf({ spanId }: OtelSpanContext): number {
  const high = hexValue(spanId.charCodeAt(13)) & 3;
  return (high << 8) | (hexValue(spanId.charCodeAt(14)) << 4) | hexValue(spanId.charCodeAt(15));
}

/** Who is asked, or serves. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** The tracing of one client or node; `find` is asked each time, and answers `undefined` as long as nobody uses it. */
export class OpenTelemetry implements Tracing {
  readonly #find: () => OpenTelemetryApi | undefined;
  readonly #server: () => ServerAddress;
  /** What goes on for those of the program's own traces that are not sampled: for each slot, the one that has asked last. */
  readonly #passing: (Known | undefined)[] = new Array<Known | undefined>(passingSlots).fill(undefined);
  #api: Api | undefined;
  #tracer: OtelTracer | undefined;

  /** `server` answers that of the spans that begin now. */
  constructor(find: () => OpenTelemetryApi | undefined, server: () => ServerAddress) {
    this.#find = find;
    this.#server = server;
  }

  startCall(name: string, kind: "call" | "request", inherited: TraceContext | undefined): CallSpan | undefined {
    const api = this.#found();
    const tracer = api === undefined ? undefined : this.#tracerOf(api);
    if (api === undefined || tracer === undefined) return undefined; // (O1)
    let parent = api.context.active();
    if (parent instanceof Passing) return new Passed(parent.trace); // (O2)
    const known = api.trace.getSpanContext(parent);
    if (known !== undefined && isValid(known)) {
      if ((known.traceFlags & 1) === 0) return this.#passed(known); // (O2)
    } else if (inherited !== undefined) {
      if (!isSampled(inherited)) return undefined; // (O2)
      parent = remoteContext(api, parent, inherited);
    }
    const { address, port } = this.#server();
    // made whether or not the trace will be sampled, and so written out: a spread costs more than all the rest
    const attributes: Attributes =
      kind === "call"
        ? { "rpc.system": "mpreg", "server.address": address, "server.port": port, "rpc.method": name }
        : { "rpc.system": "mpreg", "server.address": address, "server.port": port };
    const span = tracer.startSpan(name, { kind: kindClient, attributes }, parent);
    // what has just been found not to be sampled is not told of its end
    return span.isRecording() ? new Calling(span) : new Passed(traceOf(span.spanContext())); // (O2)
  }

  startRun(invocation: Invocation): RunSpan | undefined {
    const api = this.#found();
    const tracer = api === undefined ? undefined : this.#tracerOf(api);
    if (api === undefined || tracer === undefined) return undefined; // (O1)
    const { fun, step, coordinator, request, terms } = invocation;
    const trace = terms?.trace;
    if (trace !== undefined && !isSampled(trace)) return new Passing(api, trace); // (O2)
    const parent = trace === undefined ? api.module.ROOT_CONTEXT : remoteContext(api, api.module.ROOT_CONTEXT, trace); // (O3)
    const { address, port } = this.#server();
    const attributes: Attributes = {
      "rpc.system": "mpreg",
      "server.address": address,
      "server.port": port,
      "rpc.method": fun,
      "mpreg.request": requestIdOf(coordinator, request),
      "mpreg.step": step,
    };
    return new Running(api, tracer.startSpan(fun, { kind: kindServer, attributes }, parent), parent);
  }

  startBatch(fun: string, traces: readonly (TraceContext | undefined)[]): RunSpan | undefined {
    const api = this.#found();
    const tracer = api === undefined ? undefined : this.#tracerOf(api);
    if (api === undefined || tracer === undefined) return undefined; // (O1)
    const [first] = traces;
    const byTrace = new Map<string, TraceContext>();
    for (const trace of traces) {
      if (trace === undefined || !isSampled(trace)) continue;
      const id = traceIdOf(trace);
      if (!byTrace.has(id)) byTrace.set(id, trace);
    }
    const [parent, ...others] = byTrace.values();
    if (parent === undefined) return first === undefined ? undefined : new Passing(api, first); // (O2)
    const links = others.map((trace) => ({ context: spanContextOf(api, trace, false) })); // (O5)
    const { address, port } = this.#server();
    const attributes: Attributes = {
      "rpc.system": "mpreg",
      "server.address": address,
      "server.port": port,
      "rpc.method": fun,
      "mpreg.batch": traces.length,
    };
    const within = api.trace.setSpanContext(api.module.ROOT_CONTEXT, spanContextOf(api, parent, false));
    return new Running(api, tracer.startSpan(fun, { kind: kindInternal, attributes, links }, within), within);
  }

  /** A program asks for several things as part of one trace, and for several traces at a time. */
  #passed(known: OtelSpanContext): CallSpan {
    const slot = slotOf(known);
    const last = this.#passing[slot];
    if (last?.known === known) return last.span;
    const span = new Passed(traceOf(known));
    this.#passing[slot] = { known, span };
    return span;
  }

  /** The API, if it is there by now. */
  #found(): Api | undefined {
    const module = this.#find();
    if (module === undefined) return undefined;
    if (this.#api?.module !== module) this.#api = { module, trace: module.trace, context: module.context };
    return this.#api;
  }

  /** The tracer of the registered SDK, the first that was found; `undefined` as long as there is none. */
  #tracerOf(api: Api): OtelTracer | undefined {
    if (this.#tracer !== undefined) return this.#tracer; // as the API's own tracers keep theirs
    const provider = api.trace.getTracerProvider() as {
      getTracer(name: string): OtelTracer;
      /** Of the API's stand-in for an SDK that may be registered later. */
      getDelegateTracer?(name: string): OtelTracer | undefined;
    };
    this.#tracer =
      provider.getDelegateTracer === undefined ? provider.getTracer("mpreg") : provider.getDelegateTracer("mpreg");
    return this.#tracer;
  }
}

/** A span that the SDK records. */
class Recording implements Span {
  readonly trace: TraceContext | undefined;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    this.#span = span;
    this.trace = traceOf(span.spanContext());
  }

  end(error: MpregError | undefined): void {
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error.code); // (O4)
      this.#span.setStatus({ code: statusError });
    }
    this.#span.end();
  }
}

class Calling extends Recording implements CallSpan {
  get terms(): StepTerms | undefined {
    return termsOf(this.trace);
  }
}

class Running extends Recording implements RunSpan {
  readonly needsEnd = true;
  readonly #api: Api;
  readonly #context: unknown;

  constructor(api: Api, span: OtelSpan, parent: unknown) {
    super(span);
    this.#api = api;
    this.#context = api.trace.setSpan(parent, span);
  }

  run<R>(handler: () => R): R {
    return this.#api.context.with(this.#context, handler);
  }
}

/** A call that is part of a trace which nobody records here. (O2) */
class Passed implements CallSpan {
  readonly trace: TraceContext | undefined;
  #terms: StepTerms | undefined;

  constructor(trace: TraceContext | undefined) {
    this.trace = trace;
  }

  get terms(): StepTerms | undefined {
    return (this.#terms ??= termsOf(this.trace));
  }

  end(): void {
    // there is no span to end
  }
}

/**
 * The run of a handler whose call is not sampled, and the OpenTelemetry context in which it runs: what that says is worked
 * out for who asks. (O2)
 */
class Passing implements RunSpan, OtelContext {
  readonly needsEnd = false;
  readonly trace: TraceContext;
  readonly #api: Api;
  #context: OtelContext | undefined;

  constructor(api: Api, trace: TraceContext) {
    this.trace = trace;
    this.#api = api;
  }

  run<R>(handler: () => R): R {
    return this.#api.context.with(this, handler);
  }

  end(): void {
    // there is no span to end
  }

  getValue(key: symbol): unknown {
    return this.#worked.getValue(key);
  }

  setValue(key: symbol, value: unknown): OtelContext {
    return this.#worked.setValue(key, value);
  }

  deleteValue(key: symbol): OtelContext {
    return this.#worked.deleteValue(key);
  }

  get #worked(): OtelContext {
    return (this.#context ??= remoteContext(this.#api, this.#api.module.ROOT_CONTEXT, this.trace)); // (O3)
  }
}

function termsOf(trace: TraceContext | undefined): StepTerms | undefined {
  return trace === undefined ? undefined : tracedTerms(undefined, trace);
}

/** Where tracing is suppressed the SDK's spans have no ids. (Two texts are compared one by one only where they may be equal.) */
function isValid({ traceId }: OtelSpanContext): boolean {
  return traceId.charCodeAt(0) !== zero || traceId !== invalidTraceId;
}

/** `undefined` where tracing is suppressed. */
function traceOf(known: OtelSpanContext): TraceContext | undefined {
  if (!isValid(known)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = known;
  return packTrace({ traceId, spanId, traceFlags, state: traceState?.serialize() ?? "" });
}

function remoteContext(api: Api, context: unknown, trace: TraceContext): OtelContext {
  return api.trace.setSpanContext(context, spanContextOf(api, trace, true)) as OtelContext;
}

function spanContextOf(api: Api, trace: TraceContext, isRemote: boolean): OtelSpanContext {
  const { traceId, spanId, traceFlags, state } = unpackTrace(trace);
  const traceState = state === "" ? undefined : api.module.createTraceState(state);
  return { traceId, spanId, traceFlags, isRemote, traceState };
}
