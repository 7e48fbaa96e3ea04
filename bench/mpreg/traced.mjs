/**
 * OpenTelemetry as a program sets it up: its SDK for Node, with the parent's say and a share of the traces that begin here.
 * Spans go in batches, as is usual, to an exporter that takes them and counts them.
 */
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
