/**
 * OpenTelemetry as a program sets it up: its SDK for Node, with the parent's say and a share of the traces that begin here.
 * Spans go in batches, as is usual, to an exporter that takes them and counts them.
 */
import { ROOT_CONTEXT, TraceFlags, context, trace } from "@opentelemetry/api";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-node";

let exported = 0;
const exporter = {
  export: (/** @type {unknown[]} */ spans, /** @type {(result: { code: number }) => void} */ done) => {
    exported += spans.length;
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

/** @type {NodeTracerProvider | undefined} */
let provider;

/** @param {number} ratio of the traces that are sampled */
export function startTracing(ratio) {
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  provider = new NodeTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(exporter)] });
  provider.register();
}

/** Spans that were exported so far; the batch processor drops what goes beyond its queue. */
export async function exportedSpans() {
  await provider?.forceFlush();
  return exported;
}

/** For `openTelemetry` of a node or client: no SDK is ever found through it. */
export const untraced = { trace: { getTracerProvider: () => ({ getDelegateTracer: () => undefined }) }, context };

/** Those for whom a program works, each with a trace that began with them, as with a request over HTTP; one of a hundred is sampled. */
const parents = Array.from({ length: 100 }, (_, at) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: (at + 1).toString(16).padStart(32, "af"),
    spanId: (at + 1).toString(16).padStart(16, "b7"),
    traceFlags: at === 0 ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  }),
);
let served = 0;

/**
 * Runs `run` on behalf of the next of them.
 *
 * @template R
 * @param {() => R} run
 */
export const onBehalf = (run) => context.with(parents[served++ % parents.length], run);

/** What the SDK does for one call, whoever asks it to: a span with what is known of the call, made and ended. */
export function makeSpan() {
  const attributes = { "rpc.system": "mpreg", "server.address": "127.0.0.1", "server.port": 80, "rpc.method": "reply" };
  trace.getTracer("program").startSpan("reply", { kind: 2, attributes }, context.active()).end();
}
