/** Traces: what OpenTelemetry's own SDK records of calls over real nodes. */
import * as api from "@opentelemetry/api";
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  createContextKey,
  createTraceState,
  context as otelContext,
  trace,
} from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
} from "@opentelemetry/sdk-trace-base";
import { connect } from "@mpreg/client";
import { context, createNode } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { startSdk } from "../support/tracing.js";

const remote = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  isRemote: true,
  traceState: createTraceState("vendor=a1,other=b2"),
};

const ids = ({ name, kind, parentSpanContext }: ReadableSpan) => [name, kind, parentSpanContext?.spanId];

/** Nodes home and away; away offers `outer`, which calls `inner` of home and returns what `seen` answers in it. */
async function pair(seen: () => unknown) {
  const [home, away] = await startMesh({ name: "home" }, { name: "away" });
  home!.register("inner", async () => {
    await Promise.resolve();
    return seen();
  });
  away!.register("outer", () => context().call("inner"));
  await offered("outer", 1, home!);
  await offered("inner", 1, away!);
  return { home: home!, away: away!, client: await clientOf(home!) };
}

describe("with an SDK that records", () => {
  test("a call is a trace from the client through every node: each span is the child of the one that caused it (O3)", async () => {
    const { client } = await pair(() => trace.getActiveSpan()?.spanContext().spanId);
    const { spans } = startSdk(new AlwaysOnSampler());
    const innermost = await client.call("outer");
    await eventually("all spans have ended", () => spans.length === 4);
    const [serveInner, callInner, serveOuter, callOuter] = spans;
    expect(spans.map(ids)).toEqual([
      ["inner", SpanKind.SERVER, callInner!.spanContext().spanId],
      ["inner", SpanKind.CLIENT, serveOuter!.spanContext().spanId],
      ["outer", SpanKind.SERVER, callOuter!.spanContext().spanId],
      ["outer", SpanKind.CLIENT, undefined],
    ]);
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    // the handler runs inside its span, after its awaits, too: what it traces itself belongs there
    expect(innermost).toBe(serveInner!.spanContext().spanId);
    const port = Number(new URL(client.url).port);
    expect(callOuter!.attributes).toEqual({
      "rpc.system": "mpreg",
      "rpc.method": "outer",
      "server.address": "127.0.0.1",
      "server.port": port,
    });
    expect(serveInner!.attributes).toMatchObject({
      "rpc.system": "mpreg",
      "rpc.method": "inner",
      "mpreg.step": "inner",
    });
    expect(serveInner!.attributes["mpreg.request"]).toMatch(/^[0-9a-f]{8}-/);
  });

  test("a request is one span, and the steps' handlers are its children", async () => {
    const { client } = await pair(() => 1);
    const { spans } = startSdk(new AlwaysOnSampler());
    await client.request([
      { name: "one", fun: "echo", args: [1] },
      { name: "two", fun: "echo", args: [{ $ref: "one" }] },
    ]);
    await eventually("all spans have ended", () => spans.length === 3);
    const request = spans.at(-1)!;
    expect(ids(request)).toEqual(["request", SpanKind.CLIENT, undefined]);
    for (const span of spans.slice(0, -1)) {
      expect(ids(span)).toEqual(["echo", SpanKind.SERVER, request.spanContext().spanId]);
    }
    expect(spans.slice(0, -1).map(({ attributes }) => attributes["mpreg.step"])).toEqual(["one", "two"]);
  });

  test("an error is told by its code on both sides, and no more of it (O4)", async () => {
    const node = await startNode();
    node.register("fail", () => {
      throw new Error("the secret");
    });
    const client = await clientOf(node);
    const { spans } = startSdk(new AlwaysOnSampler());
    await failureOf(client.call("fail", ["an argument"]));
    await eventually("both have ended", () => spans.length === 2);
    for (const { status, attributes, events } of spans) {
      expect(status).toEqual({ code: SpanStatusCode.ERROR });
      expect(attributes["error.type"]).toBe("handler-error");
      expect(events).toEqual([]);
    }
    expect(JSON.stringify(spans.map(({ attributes, name }) => [attributes, name]))).not.toMatch(/secret|argument/);
  });

  test("a cancelled call ends its span once, and the handler's when the handler does", async () => {
    const node = await startNode();
    let release = (): void => undefined;
    node.register("wait", () => new Promise<void>((resolve) => (release = resolve)));
    const client = await clientOf(node);
    const { spans } = startSdk(new AlwaysOnSampler());
    const controller = new AbortController();
    const call = failureOf(client.call("wait", [], { signal: controller.signal }));
    await eventually("it runs", () => node.nodes()[0]?.running === 1);
    controller.abort();
    await call;
    expect(spans.map((span) => [span.kind, span.attributes["error.type"]])).toEqual([[SpanKind.CLIENT, "cancelled"]]);
    release();
    await eventually("the handler has ended", () => spans.length === 2);
    expect(spans[1]!.kind).toBe(SpanKind.SERVER);
  });

  test("two calls at once are two traces, whoever's turn of the event loop starts their handlers (O3)", async () => {
    const node = await startNode();
    node.register("where", () => trace.getActiveSpan()?.spanContext().traceId);
    const client = await clientOf(node);
    startSdk(new AlwaysOnSampler());
    const seen = await Promise.all(Array.from({ length: 50 }, () => client.call("where")));
    expect(new Set(seen).size).toBe(50);
  });
});

describe("code of a handler that others call", () => {
  /** A node whose `items` traces something of its own before, between and after its items, and what is recorded. */
  async function streaming() {
    const node = await startNode();
    const own = (name: string): void => {
      trace.getTracer("own").startSpan(name).end();
    };
    node.register("items", async function* () {
      own("before");
      try {
        for (let index = 0; ; index++) {
          yield index;
          await Promise.resolve();
          own("between");
        }
      } finally {
        own("after");
      }
    });
    const client = await clientOf(node);
    return { client, ...startSdk(new AlwaysOnSampler()) };
  }

  test("of a stream runs inside its span for each of its items, and at its end (K5)", async () => {
    const { client, spans } = await streaming();
    for await (const item of await client.call<AsyncIterable<number>>("items")) if (item === 1) break;
    await eventually("it has ended", () => spans.some(({ kind }) => kind === SpanKind.SERVER));
    const served = spans.find(({ kind }) => kind === SpanKind.SERVER)!;
    const own = spans.filter(({ kind }) => kind === SpanKind.INTERNAL);
    expect(new Set(own.map(({ name }) => name))).toEqual(new Set(["before", "between", "after"]));
    expect(new Set(own.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
      new Set([served.spanContext().spanId]),
    );
  });

  test("in the listeners of its signal runs inside its span (K5)", async () => {
    const { node, client } = await startPair();
    node.register("wait", async () => {
      const { signal } = context();
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          trace.getTracer("own").startSpan("listener").end();
          resolve();
        });
      });
    });
    const { spans } = startSdk(new AlwaysOnSampler());
    const controller = new AbortController();
    const call = failureOf(client.call("wait", [], { signal: controller.signal }));
    await eventually("it runs", () => node.nodes()[0]?.running === 1);
    controller.abort();
    await call;
    await eventually("it has ended", () => spans.length === 3);
    const served = spans.find(({ kind }) => kind === SpanKind.SERVER)!;
    const listener = spans.find(({ name }) => name === "listener");
    expect(listener?.parentSpanContext?.spanId).toBe(served.spanContext().spanId);
  });
});

describe("a trace that is not sampled", () => {
  test("makes no spans, and goes on with its ids and its state, through nested calls (O2)", async () => {
    const { client } = await pair(() => {
      const { traceId, spanId, traceFlags, traceState } = trace.getActiveSpan()!.spanContext();
      return [context().traceparent, { traceId, spanId, traceFlags, state: traceState?.serialize() }];
    });
    const { spans } = startSdk(new AlwaysOnSampler());
    const unsampled = trace.setSpanContext(otelContext.active(), { ...remote, traceFlags: 0 });
    const [traceparent, active] = await otelContext.with(unsampled, () => client.call<[string, object]>("outer"));
    expect(traceparent).toBe(`00-${remote.traceId}-${remote.spanId}-00`);
    const { traceId, spanId } = remote;
    expect(active).toEqual({ traceId, spanId, traceFlags: 0, state: "vendor=a1,other=b2" });
    expect(spans).toEqual([]);
  });

  test("is not sampled anywhere when the sampler said so where it began", async () => {
    const { client } = await pair(() => context().traceparent);
    const { spans } = startSdk(new AlwaysOffSampler());
    expect(await client.call("outer")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(spans).toEqual([]);
  });

  test("is that of what the handler traces itself, and of what that asks for (O2, O3)", async () => {
    const { home, client } = await pair(() => context().traceparent);
    const key = createContextKey("something of the handler's own");
    home.register("own", async () => {
      const own = trace.getTracer("own").startSpan("own");
      const { traceId, traceFlags, spanId } = own.spanContext();
      const parent = trace.getActiveSpan()?.spanContext().spanId;
      const { call } = context();
      const within = trace.setSpan(otelContext.active(), own).setValue(key, "kept");
      const nested = await otelContext.with(within, () => call("inner"));
      const outside = await otelContext.with(ROOT_CONTEXT, () => call("inner"));
      return { traceId, traceFlags, spanId, parent, nested, outside };
    });
    const { spans } = startSdk(new AlwaysOnSampler());
    const unsampled = trace.setSpanContext(otelContext.active(), { ...remote, traceFlags: 0 });
    const seen = await otelContext.with(unsampled, () => client.call<{ spanId: string }>("own"));
    expect(seen).toMatchObject({
      traceId: remote.traceId,
      traceFlags: 0,
      parent: remote.spanId,
      nested: `00-${remote.traceId}-${seen.spanId}-00`,
      outside: `00-${remote.traceId}-${remote.spanId}-00`,
    });
    expect(spans).toEqual([]);
  });

  test("is told from the next one, when the program asks as part of several (O2)", async () => {
    const { client } = await pair(() => context().traceparent);
    startSdk(new AlwaysOnSampler());
    const traceIds = ["1".repeat(32), "2".repeat(32), "1".repeat(32)];
    const seen: unknown[] = [];
    for (const traceId of traceIds) {
      const unsampled = trace.setSpanContext(otelContext.active(), { ...remote, traceId, traceFlags: 0 });
      seen.push(
        ...(await otelContext.with(unsampled, () => Promise.all([client.call("outer"), client.call("inner")]))),
      );
    }
    expect(seen).toEqual(
      traceIds.flatMap((traceId) => Array.from({ length: 2 }, () => `00-${traceId}-${remote.spanId}-00`)),
    );
  });
});

describe("a sampler", () => {
  test("is asked with the attributes that spans begin with, once for a trace that it refuses", async () => {
    const node = await startNode();
    const client = await clientOf(node);
    const asked: unknown[] = [];
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, name, kind, attributes) => {
        asked.push([name, kind, attributes]);
        return { decision: SamplingDecision.NOT_RECORD };
      },
      toString: () => "asked",
    };
    startSdk(sampler);
    await client.call("echo", [1]);
    const { address, port } = { address: "127.0.0.1", port: Number(new URL(client.url).port) };
    expect(asked).toEqual([
      [
        "echo",
        SpanKind.CLIENT,
        { "rpc.system": "mpreg", "rpc.method": "echo", "server.address": address, "server.port": port },
      ],
    ]);
  });

  test("is asked by who calls, and once, where the program's own trace has no id (O2)", async () => {
    const client = await clientOf(await startNode());
    const asked: SpanKind[] = [];
    startSdk({
      shouldSample: (_context, _traceId, _name, kind) => {
        asked.push(kind);
        return { decision: SamplingDecision.NOT_RECORD };
      },
      toString: () => "asked",
    });
    const invalid = { ...remote, traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
    await otelContext.with(trace.setSpanContext(otelContext.active(), invalid), () => client.call("echo", [1]));
    expect(asked).toEqual([SpanKind.CLIENT]);
  });

  test("may take what it sees of the attributes for its reason to record", async () => {
    const node = await startNode();
    node.register("wanted", () => 1);
    const client = await clientOf(node);
    const { spans } = startSdk({
      shouldSample: (_context, _traceId, _name, _kind, attributes) => ({
        decision:
          attributes["rpc.method"] === "wanted" ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      }),
      toString: () => "wanted",
    });
    await client.call("echo", [1]);
    await client.call("wanted");
    await eventually("both sides have ended", () => spans.length === 2);
    expect(spans.map(({ name }) => name)).toEqual(["wanted", "wanted"]);
  });

  test("may record without sampling: then the span is recorded where it was decided, and ends", async () => {
    const client = await clientOf(await startNode());
    const ended: string[] = [];
    const none = (): Promise<void> => Promise.resolve();
    const record = { shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => "record" };
    startSdk(record, {
      onStart: () => undefined,
      onEnd: ({ name }) => ended.push(name),
      forceFlush: none,
      shutdown: none,
    });
    await client.call("echo", [1]);
    expect(ended).toEqual(["echo"]);
  });
});

test("the API can be handed in, and what is none is refused by name", async () => {
  const { spans } = startSdk(new AlwaysOnSampler());
  const node = await startNode({ openTelemetry: api });
  await (await clientOf(node, { openTelemetry: api })).call("echo");
  await eventually("both have ended", () => spans.length === 2);
  for (const wrong of [null, "api", {}]) {
    const message = /openTelemetry must be the module @opentelemetry\/api, got/;
    await expect(createNode({ openTelemetry: wrong as never })).rejects.toThrow(message);
    await expect(connect(node.url, { openTelemetry: wrong as never })).rejects.toThrow(message);
  }
});

describe("the state of a sampled trace", () => {
  const sampled = trace.setSpanContext(otelContext.active(), { ...remote, traceFlags: 1 });
  const stateOf = (span: ReadableSpan) => span.spanContext().traceState?.serialize();

  test("travels with calls and nested calls, and each span that is exported has it (O3)", async () => {
    const { client } = await pair(() => trace.getActiveSpan()?.spanContext().traceState?.serialize());
    const { spans } = startSdk(new AlwaysOnSampler());
    expect(await otelContext.with(sampled, () => client.call("outer"))).toBe("vendor=a1,other=b2");
    await eventually("all spans have ended", () => spans.length === 4);
    expect(spans.map(stateOf)).toEqual(Array.from(spans, () => "vendor=a1,other=b2"));
  });

  test("travels with the steps of a request, wherever they run (O3)", async () => {
    const { client } = await pair(() => trace.getActiveSpan()?.spanContext().traceState?.serialize());
    const { spans } = startSdk(new AlwaysOnSampler());
    const answer = await otelContext.with(sampled, () =>
      client.request([
        { name: "here", fun: "inner" },
        { name: "there", fun: "outer" },
      ]),
    );
    expect(answer).toEqual({ here: "vendor=a1,other=b2", there: "vendor=a1,other=b2" });
    await eventually("all spans have ended", () => spans.length === 5);
    expect(spans.map(stateOf)).toEqual(Array.from(spans, () => "vendor=a1,other=b2"));
  });
});

test("without an SDK there are no traces, and calls are as ever (O1)", async () => {
  const { client } = await pair(() => [context().traceparent, trace.getActiveSpan()]);
  expect(await client.call("outer")).toEqual([undefined, undefined]);
});
