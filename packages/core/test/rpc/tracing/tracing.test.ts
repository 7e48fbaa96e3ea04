/** Traces through the core: what callers send, what nodes pass on, and when spans end. */
import { expect, test } from "vitest";
import { MpregError, type TraceContext, packTrace } from "../../../src/base/index.js";
import { type CallFields, type CallSpan, Caller, type RequestFields, type Tracing } from "../../../src/rpc/index.js";
import { Held } from "../../support/asking.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";

const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1, state: "a=b" };
const trace = packTrace(ids);
const own = packTrace({ ...ids, spanId: "00f067aa0ba902b7" });

class Traced extends Held {
  readonly trace = trace;
  readonly tracing: Tracing | undefined;

  constructor(tracing?: Tracing) {
    super();
    this.tracing = tracing;
  }
}

/** Makes a span of every call, and keeps what it is told. */
class Kept implements Tracing {
  readonly told: unknown[] = [];

  startCall(name: string, kind: string, inherited: TraceContext | undefined): CallSpan {
    this.told.push(["start", name, kind, inherited]);
    return { trace: own, terms: { trace: own }, end: (error) => this.told.push(["end", name, error?.code]) };
  }

  startRun(): undefined {
    return undefined;
  }

  startBatch(): undefined {
    return undefined;
  }
}

test("where nothing records, the trace that a handler was called with goes on with all that it asks for (R1)", () => {
  const held = new Traced();
  const caller = new Caller(held);
  void caller.call("f");
  void caller.call("f", [], { retries: 2 });
  const graph = caller.graph();
  const one = graph.call("f", [], { name: "one" });
  graph.call("g", [one], { name: "two", idempotencyKey: "k" });
  void graph.run();
  const [plain, withTerms, request] = held.asks.map(({ fields }) => fields) as [CallFields, CallFields, RequestFields];
  expect(plain.terms).toEqual({ trace });
  expect(withTerms.terms).toMatchObject({ retries: 2, trace });
  expect(request.steps.map(({ terms }) => terms)).toMatchObject([{ trace }, { trace, idempotencyKey: "k" }]);
});

test("a call says the same with a trace as without one, whatever its options (R1)", () => {
  const [plain, traced] = [new Held(), new Traced()];
  for (const held of [plain, traced]) {
    void new Caller(held).call("f", [1], {
      resources: ["gpu"],
      timeoutMs: 5,
      waitForCapacity: 7,
      detached: true,
      intermediates: true,
      onSummary: () => undefined,
      priority: 2,
    });
  }
  const [expected, given] = [plain, traced].map(({ asks }) => asks[0]!.fields as CallFields) as [
    CallFields,
    CallFields,
  ];
  expect(given).toEqual({ ...expected, terms: { ...expected.terms, trace } });
});

test("what a span covers carries the span's own trace, and ends with its promise, once (A4)", async () => {
  const tracing = new Kept();
  const held = new Traced(tracing);
  const caller = new Caller(held);
  const call = caller.call("f");
  expect((held.asks[0]!.fields as CallFields).terms).toEqual({ trace: own });
  held.last.answered(held.codec.encode(1, "value"), undefined, undefined);
  held.last.failed(new MpregError("cancelled", "too late"));
  expect(await call).toBe(1);
  const failing = caller.call("g");
  held.last.failed(new MpregError("deadline", "too late"));
  await expect(failing).rejects.toMatchObject({ code: "deadline" });
  expect(tracing.told).toEqual([
    ["start", "f", "call", trace],
    ["end", "f", undefined],
    ["start", "g", "call", trace],
    ["end", "g", "deadline"],
  ]);
});

test("a call that is refused before it is sent has no span that never ends (A4)", async () => {
  const tracing = new Kept();
  const caller = new Caller(new Traced(tracing));
  await expect(caller.call("f", [() => 1])).rejects.toMatchObject({ code: "not-encodable" });
  await expect(caller.call("f", [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
  await expect(caller.request([])).rejects.toMatchObject({ code: "empty-request" });
  const starts = tracing.told.filter((each) => (each as unknown[])[0] === "start").length;
  expect([starts, tracing.told.length]).toEqual([1, 2]);
});

test("a step takes its trace along to the node that runs it, over others, too (R1)", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("f", byHand);
  mesh.settle();
  a.call("f", [], { trace });
  mesh.settle();
  const [invocation] = b.waiting("f");
  expect(invocation!.terms).toEqual({ trace });
  b.finish("f", 1);
  mesh.settle();
  mesh.expectQuiet();
});
