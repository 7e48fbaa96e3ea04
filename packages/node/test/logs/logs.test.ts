/** Logs: where lines belong, what is told of failures, and what never is. */
import { context } from "@mpreg/node";
import { SpanKind } from "@opentelemetry/api";
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { clientOf, offered, startMesh, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { startLog } from "../support/log.js";
import { startSdk } from "../support/tracing.js";

const secret = "a-very-private-value";

describe("every line of a handler", () => {
  test("has its request and its step, as have the node's own of its failure", async () => {
    const { log, lines } = startLog("debug");
    const node = await startNode({ name: "solo", log });
    node.register("work", () => {
      context().log.info({ rows: 3 }, "working");
      throw new Error("out of rows");
    });
    const client = await clientOf(node);
    await failureOf(client.request([{ name: "first", fun: "work" }]));
    const own = lines.find(({ msg }) => msg === "working")!;
    expect(own).toMatchObject({
      node: "solo",
      rows: 3,
      step: "first",
      request: expect.stringMatching(/^[0-9a-f]{8}-/),
    });
    const told = lines.find(({ msg }) => msg === "handler threw")!;
    expect(told).toMatchObject({ fun: "work", step: "first", request: own.request, code: "handler-error" });
    expect(told.err).toMatchObject({ message: "out of rows" });
    expect(told.durationMs).toBeGreaterThan(0);
    expect([own, told].map((line) => "trace_id" in line)).toEqual([false, false]);
  });

  test("has the ids of its trace, where it is part of one", async () => {
    const { log, lines } = startLog("debug");
    const node = await startNode({ log });
    node.register("work", () => {
      context().log.info("working");
      throw new Error("no");
    });
    const client = await clientOf(node);
    const { spans } = startSdk(new AlwaysOnSampler());
    await failureOf(client.call("work"));
    await eventually("both spans have ended", () => spans.length === 2);
    const { traceId, spanId } = spans.find(({ kind }) => kind === SpanKind.SERVER)!.spanContext();
    const traced = { trace_id: traceId, span_id: spanId, trace_flags: "01" };
    for (const msg of ["working", "handler threw"]) {
      expect(lines.find((line) => line.msg === msg)).toMatchObject(traced);
    }
  });
});

test("an error of ours that a handler logs is in the line with its message and code, wherever it stands", async () => {
  const { log, lines } = startLog("info");
  const node = await startNode({ log });
  node.register("work", async () => {
    const error = await failureOf(context().call("nowhere"));
    context().log.info(error, "first");
    context().log.info({ error }, "second");
  });
  await (await clientOf(node)).call("work");
  const told = { code: "no-provider", outcome: "not-applied", message: expect.stringContaining('"nowhere"') };
  expect(lines.find(({ msg }) => msg === "first")).toMatchObject({ err: told });
  expect(lines.find(({ msg }) => msg === "second")).toMatchObject({ error: told });
});

test("a run that fails otherwise is told of by its code, without its message (G1)", async () => {
  const { log, lines } = startLog("debug");
  const node = await startNode({ log });
  node.register("odd", () => ({ [secret]: () => 1 }));
  const client = await clientOf(node);
  await failureOf(client.call("odd"));
  const told = lines.find(({ msg }) => msg === "run failed")!;
  expect(told).toMatchObject({ fun: "odd", step: "odd", code: "not-encodable", outcome: "applied" });
  expect(JSON.stringify(lines)).not.toContain(secret);
});

test("what ends well and soon is not told of, nor anything at level info (G2)", async () => {
  const { log, lines } = startLog("info");
  const node = await startNode({ log });
  node.register("fail", () => {
    throw new Error("no");
  });
  const client = await clientOf(node);
  await client.call("echo", [1]);
  await failureOf(client.call("fail"));
  expect(lines).toEqual([]);
});

test("no argument and no result is in any line of any level, however the call ends", async () => {
  const { log, lines } = startLog("trace");
  const [home, away] = await startMesh({ name: "home", log }, { name: "away", log });
  away!.register("keep", (value: unknown) => [value, secret]);
  away!.register("fail", () => {
    throw new Error("it does not say what it got");
  });
  away!.register("odd", () => ({ [secret]: () => 1 }));
  away!.register("outer", async (value: unknown) => await context().call("keep", [value]));
  const waits = new Set<() => void>();
  away!.register("wait", () => new Promise<void>((resolve) => waits.add(resolve)));
  await offered("wait", 1, home!);
  const client = await clientOf(home!);
  expect(await client.call("outer", [secret])).toEqual([secret, secret]);
  const failing = ["fail", "odd", "nowhere"].map((fun) => client.call(fun, [secret], { kwargs: { secret } }));
  const late = client.call("wait", [secret], { timeoutMs: 20 });
  const unplaced = client.call("keep", [secret], { resources: ["none"] });
  await Promise.all([...failing, late, unplaced].map(failureOf));
  await client.request([
    { name: "one", fun: "keep", args: [secret] },
    { name: "two", fun: "keep", args: [{ $ref: "one" }] },
  ]);
  for (const end of waits) end();
  for (const said of [`{"role":"rpc","cmds":["${secret}`, JSON.stringify({ role: "rpc", secret })]) {
    const door = new WebSocket(home!.url);
    await new Promise((resolve) => door.once("open", resolve));
    door.send(said);
    await new Promise((resolve) => void door.once("message", resolve).once("close", resolve));
    door.terminate();
  }
  expect(lines.some(({ msg }) => msg === "handler threw")).toBe(true);
  expect(lines.filter((line) => JSON.stringify(line).includes(secret))).toEqual([]);
});
