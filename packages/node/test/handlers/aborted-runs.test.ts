/** Runs that nobody waited for any more when they ended: what the node's figures, its log and its spans say of them. */
import type { Client } from "@mpreg/client";
import { MpregError } from "@mpreg/core";
import type { Invocation } from "@mpreg/core/rpc";
import { context } from "@mpreg/node";
import { SpanKind } from "@opentelemetry/api";
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { RunEnds } from "../../src/run-ends.js";
import { clientOf, startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { get } from "../support/http.js";
import { Latch } from "../support/latch.js";
import { startLog } from "../support/log.js";
import { startSdk } from "../support/tracing.js";

/** What a handler does when it is told that nobody waits, each ending in its own way. */
const handlers = {
  obedient: () => context().sleep(60_000),
  deaf: (told: Promise<unknown>) => told.then(() => "well"),
  "at fault": async (told: Promise<unknown>) => {
    await told;
    throw new Error("out of rows");
  },
} as const;

/** How the call ends before its handler does. */
const ends = {
  deadline: (client: Client) => client.call("work", [], { timeoutMs: 300 }),
  cancelled: async (client: Client, running: Promise<void>) => {
    const controller = new AbortController();
    const call = client.call("work", [], { signal: controller.signal });
    void running.then(() => {
      controller.abort();
    });
    await call;
  },
  "caller-gone": async (client: Client, running: Promise<void>) => {
    const call = client.call("work");
    void running.then(() => client.close());
    await call;
  },
} as const;

async function startWork(handler: keyof typeof handlers) {
  const { log, lines } = startLog("debug");
  const node = await startNode({ log });
  const running = new Latch();
  node.register("work", () => {
    const told = new Latch<unknown>();
    context().signal.addEventListener("abort", told.open.bind(told));
    running.open();
    return handlers[handler](told.passed);
  });
  const runs = async (): Promise<string[]> => {
    const { body } = await get(`${node.url}/metrics`);
    return body.split("\n").filter((line) => line.startsWith('mpreg_runs_total{function="work"'));
  };
  return { node, client: await clientOf(node), running: running.passed, runs, lines };
}

const codes = ["deadline", "cancelled", "caller-gone"] as const;

describe.for(["obedient", "deaf", "at fault"] as const)("a handler that is %s when nobody waits for it", (handler) => {
  test.for(codes)("counts as %s, and is logged as that (X1)", async (code) => {
    const { client, running, runs, lines } = await startWork(handler);
    await failureOf(ends[code](client, running));
    const line = await eventually("it has ended", () => lines.find(({ fun }) => fun === "work"));
    expect(line).toMatchObject({ msg: "run aborted", code, outcome: "unknown", step: "work" });
    expect(line.durationMs).toBeGreaterThan(0);
    expect(await runs()).toEqual([`mpreg_runs_total{function="work",code="${code}"} 1`]);
  });
});

test("a run that ends under the number of one that was aborted before it is told of as it ends (X1)", () => {
  const { log, lines } = startLog("debug");
  const ends = new RunEnds(log);
  const run = { id: 1, fun: "work", step: "work", coordinator: "0f1e2d3c", request: 1, startedMs: 0 } as Invocation;
  const thrown = new MpregError("handler-error", '"work" threw: no rows', { outcome: "applied" });
  expect(ends.ended(run, thrown)).toBe("handler-error");
  ends.aborted(1, "deadline");
  expect([ends.ended(run, thrown), ends.ended(run, thrown), ends.ended(run, new Uint8Array())]).toEqual([
    "deadline",
    "handler-error",
    "ok",
  ]);
  expect(lines.slice(0, 3).map(({ msg }) => msg)).toEqual(["handler threw", "run aborted", "handler threw"]);
});

test("the span of a run that was aborted has why as its error, not that its handler threw (X1)", async () => {
  const { client, running } = await startWork("obedient");
  const { spans } = startSdk(new AlwaysOnSampler());
  await failureOf(ends.cancelled(client, running));
  const span = await eventually("its span has ended", () => spans.find(({ kind }) => kind === SpanKind.SERVER));
  expect(span.attributes["error.type"]).toBe("cancelled");
});
