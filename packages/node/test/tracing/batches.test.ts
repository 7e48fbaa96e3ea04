/** Spans of calls that are served together, as OpenTelemetry's own SDK records them. */
import { type SpanContext, SpanKind, SpanStatusCode, context as otelContext, trace } from "@opentelemetry/api";
import { AlwaysOnSampler, type ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { Client } from "@mpreg/client";
import { context } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { startSdk } from "../support/tracing.js";

const sampled: SpanContext = { traceId: "a".repeat(32), spanId: "1".repeat(16), traceFlags: 1, isRemote: true };
const other: SpanContext = { ...sampled, traceId: "b".repeat(32), spanId: "2".repeat(16) };
const unsampled: SpanContext = { ...sampled, traceId: "c".repeat(32), spanId: "3".repeat(16), traceFlags: 0 };

/** A node that folds the calls of `each` by threes, and a client of it. */
async function serving(handler: (calls: string[][]) => unknown): Promise<Client> {
  const node = await startNode();
  node.register("each", handler as (calls: string[][]) => string[], { batch: { itemsMax: 3, waitMs: 60_000 } });
  node.register("inner", () => 1);
  return clientOf(node);
}

/** Calls `each` once on behalf of each of `callers`. */
function callsOf(client: Client, callers: readonly SpanContext[]): Promise<string[]> {
  const calls = callers.map((caller) =>
    otelContext.with(trace.setSpanContext(otelContext.active(), caller), () => client.call<string>("each", ["x"])),
  );
  return Promise.all(calls);
}

const internal = ({ kind }: ReadableSpan): boolean => kind === SpanKind.INTERNAL;
const served = ({ kind, name }: ReadableSpan): boolean => kind === SpanKind.SERVER && name === "each";
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;
const traceparents = (calls: string[][]): (string | undefined)[] => calls.map(() => context().traceparent);

test("calls of several traces have one span more, the child of the first, with a link to one of each other trace (O5)", async () => {
  const client = await serving(traceparents);
  const { spans } = startSdk(new AlwaysOnSampler());
  const [seen] = await callsOf(client, [sampled, other, sampled]);
  await eventually("all have ended", () => spans.length === 7);
  const [batch, ...more] = spans.filter(internal);
  const [first, second] = spans.filter(served);
  expect(more).toEqual([]);
  expect(batch).toMatchObject({ name: "each", attributes: { "rpc.method": "each", "mpreg.batch": 3 } });
  expect([batch!.spanContext().traceId, batch!.parentSpanContext?.spanId]).toEqual([sampled.traceId, idOf(first)]);
  expect(batch!.links.map((link) => link.context)).toMatchObject([{ traceId: other.traceId, spanId: idOf(second) }]);
  expect(seen).toBe(`00-${sampled.traceId}-${idOf(batch)}-01`);
});

test("what the handler of several calls traces, and what it asks for, is part of that span (B6)", async () => {
  const client = await serving(async (calls) => {
    trace.getTracer("own").startSpan("own").end();
    await context().call("inner");
    return calls.map(() => "");
  });
  const { spans } = startSdk(new AlwaysOnSampler());
  await callsOf(client, [sampled, sampled, sampled]);
  await eventually("all have ended", () => spans.length === 10);
  const batch = spans.find(({ name, kind }) => name === "each" && kind === SpanKind.INTERNAL);
  const own = spans.find(({ name }) => name === "own");
  const nested = spans.find(({ name, kind }) => name === "inner" && kind === SpanKind.CLIENT);
  expect([own, nested].map((span) => span?.parentSpanContext?.spanId)).toEqual([idOf(batch), idOf(batch)]);
  expect(batch!.links).toEqual([]);
});

test("the first that is sampled has the span, whatever came before; where none is, there is no span (O2)", async () => {
  const client = await serving(traceparents);
  const { spans } = startSdk(new AlwaysOnSampler());
  await callsOf(client, [unsampled, other, unsampled]);
  await eventually("all have ended", () => spans.length === 3);
  expect(spans.filter(internal).map((span) => span.spanContext().traceId)).toEqual([other.traceId]);
  const seen = await callsOf(client, [unsampled, unsampled, unsampled]);
  expect(seen).toEqual(Array.from(seen, () => `00-${unsampled.traceId}-${unsampled.spanId}-00`));
  expect(spans.length).toBe(3);
});

test("a batch whose handler throws, or answers what is no result for each, has failed; its own error is one call's (B6)", async () => {
  const failures = [() => Promise.reject(new Error("no")), () => ["too few"]];
  const answers = [...failures, () => [new Error("one"), "", ""]];
  const client = await serving(() => answers.shift()?.());
  const { spans } = startSdk(new AlwaysOnSampler());
  for (const callers of [
    [sampled, sampled, sampled],
    [other, other, other],
    [sampled, other, sampled],
  ]) {
    await Promise.allSettled([callsOf(client, callers)]); // which calls fail is told by their own spans
  }
  await eventually("all have ended", () => spans.length === 21);
  const ends = spans.filter(internal).map(({ status, attributes }) => [status.code, attributes["error.type"]]);
  expect(ends).toEqual([
    [SpanStatusCode.ERROR, "handler-error"],
    [SpanStatusCode.ERROR, "handler-error"],
    [SpanStatusCode.UNSET, undefined],
  ]);
});
