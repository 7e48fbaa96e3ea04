/** Tracing: a real OpenTelemetry SDK for the time of one test, whose spans the test can read. */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { onTestFinished } from "vitest";

export interface Recorded {
  /** Spans that have ended, in the order in which they did. */
  readonly spans: readonly ReadableSpan[];
}

/** Registers an SDK; `root` decides about traces that begin here, `others` are told of spans, too. */
export function startSdk(root: Sampler, ...others: readonly SpanProcessor[]): Recorded {
  const spans: ReadableSpan[] = [];
  const exporter = new InMemorySpanExporter();
  const keep = exporter.export.bind(exporter);
  exporter.export = (ended, done) => {
    spans.push(...ended);
    keep(ended, done);
  };
  const sampler = new ParentBasedSampler({ root });
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter), ...others] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  onTestFinished(() => {
    for (const api of [trace, context, propagation]) api.disable();
  });
  return { spans };
}
