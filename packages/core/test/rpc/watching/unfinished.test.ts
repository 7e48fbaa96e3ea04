/** What is told of steps that have no result, while a request runs and when it has failed. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { type RequestTrace, type UnfinishedStep, traceText } from "../../../src/rpc/index.js";
import { type Heard, heard } from "../../support/heard.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshClient } from "../../support/mesh-client.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { codec, mapOf, use } from "../../support/requests.js";

/** a coordinates and offers `here`, b `f`, both ended by the test. */
function cluster() {
  const mesh = new Mesh();
  const a = mesh.node("a");
  const b = mesh.node("b", { peers: ["a"] });
  b.offer("f", byHand);
  a.offer("here", byHand);
  mesh.settle();
  return { mesh, a, b, asker: mesh.client(a), other: mesh.client(b) };
}

const broken = new MpregError("handler-error", "broken", { outcome: "applied" });

function traced(mesh: Mesh, a: MeshNode, other: MeshClient, number = 1): RequestTrace {
  const id = other.watch(a.requestId(number), { now: true });
  mesh.settle();
  const answer = other.heard.find((message) => message.kind === "answer" && message.id === id);
  return codec.decode((answer as { readonly value: Uint8Array }).value) as RequestTrace;
}

/** What those were told who watched all the time, and what they are told who come when it has ended. */
function toldOf(mesh: Mesh, a: MeshNode, asker: MeshClient, live: number, other: MeshClient): [unknown[], unknown[]] {
  const late = other.watch(a.requestId());
  mesh.settle();
  const undated = (events: readonly Heard[]): unknown[] =>
    events.slice(0, -1).map((event) => ({ ...event, ageMs: undefined, atMs: undefined })); // without the answer
  return [undated(heard(asker, live)), undated(heard(other, late))];
}

const chain = [
  { name: "first", fun: "here" },
  { name: "long", fun: "f", args: [use("first")] },
  { name: "last", fun: "here", args: [use("long")] },
];

describe("steps without a result", () => {
  test("are in the trace while the request runs, and when its time is over (O1)", () => {
    const { mesh, a, asker, other } = cluster();
    const live = asker.request(chain, { watch: true, timeoutMs: 1_000 });
    mesh.advance(10);
    a.finish("here", 1);
    mesh.advance(100);
    const unfinished: UnfinishedStep[] = [
      { step: "long", status: "running", node: "b", readyMs: 10, startMs: 10 },
      { step: "last", status: "blocked" },
    ];
    expect(traced(mesh, a, other)).toMatchObject({
      state: "running",
      running: [{ step: "long", node: "b" }],
      unfinished,
    });
    mesh.advance(1_000);
    const trace = traced(mesh, a, other);
    expect(trace).toMatchObject({ state: "failed", error: { code: "deadline" }, running: [], unfinished });
    expect(traceText(trace)).toMatch(/\nnot ended: long on b, since 10\.0 ms\nnever started: last$/);
    const [then, now] = toldOf(mesh, a, asker, live, other);
    expect(now).toEqual(then);
    expect(now).toContainEqual(expect.objectContaining({ kind: "started", step: "long", node: "b" }));
  });

  test("are told with the map whose items they ran for", () => {
    const { mesh, a, b, asker, other } = cluster();
    const inner = mapOf("inner", [use("item")], [{ name: "each", fun: "f", args: [use("item")] }], { item: "deep" });
    const live = asker.request([mapOf("all", [1, 2], [inner])], { watch: true, timeoutMs: 1_000 });
    mesh.advance(10);
    b.finish("f", 1);
    mesh.advance(1_000);
    const { unfinished } = traced(mesh, a, other);
    expect(unfinished).toEqual([
      { step: "all", status: "running", node: "a", readyMs: 0, startMs: 0, items: 2 },
      { step: "inner[1]", status: "running", node: "a", readyMs: 0, startMs: 0, items: 1, itemOf: "all" },
      { step: "each[1][0]", status: "running", node: "b", readyMs: 0, startMs: 0 },
    ]);
    const [then, now] = toldOf(mesh, a, asker, live, other);
    const text = (events: unknown[]): string[] => events.map((event) => JSON.stringify(event)).sort();
    expect(text(now)).toEqual(text(then));
    const steps = now.map((event) => (event as { readonly step?: string }).step);
    expect(steps.indexOf("all")).toBeLessThan(steps.indexOf("inner[1]"));
    expect(steps.indexOf("inner[1]")).toBeLessThan(steps.indexOf("each[1][0]"));
  });

  test("are called off where their map has failed, and the request goes on", () => {
    const { mesh, a, b, asker, other } = cluster();
    const all = mapOf("all", [1, 2], [{ name: "each", fun: "f", args: [use("item")] }]);
    const graph = [all, { name: "beside", fun: "here" }, { name: "after", fun: "here", args: [use("all")] }];
    const live = asker.request(graph, { watch: true, settle: true });
    mesh.advance(10);
    b.fail("f", broken);
    mesh.advance(10);
    const trace = traced(mesh, a, other);
    expect(trace.running).toEqual([{ step: "beside", node: "a" }]);
    const known = new Map(trace.unfinished?.map(({ step, status, node }) => [step, [status, node]]));
    expect(known).toEqual(
      new Map([
        ["each[0]", ["failed", "b"]],
        ["each[1]", ["called-off", "b"]],
        ["all", ["failed", "a"]],
        ["after", ["skipped", undefined]],
        ["beside", ["running", "a"]],
      ]),
    );
    a.finish("here", 1);
    mesh.settle();
    const [then, now] = toldOf(mesh, a, asker, live, other);
    const text = (events: unknown[]): string[] => events.map((event) => JSON.stringify(event)).sort();
    expect(text(now)).toEqual(text(then));
    expect(traceText(traced(mesh, a, other))).toContain("called off: each[1] on b, since 0.0 ms");
  });

  test("that found no node are told as ready, with why they failed", () => {
    const { mesh, a, asker, other } = cluster();
    const live = asker.request([{ fun: "nowhere" }, { name: "after", fun: "f", args: [use("nowhere")] }], {
      watch: true,
      settle: true,
    });
    mesh.settle();
    const { unfinished } = traced(mesh, a, other);
    expect(unfinished).toEqual([
      { step: "nowhere", status: "failed", readyMs: 0, code: "no-provider" },
      { step: "after", status: "skipped" },
    ]);
    const [then, now] = toldOf(mesh, a, asker, live, other);
    expect(now).toEqual(then);
    expect(now).toContainEqual(expect.objectContaining({ kind: "step-ready", step: "nowhere" }));
  });

  test("of single calls are told, too", () => {
    const { mesh, a, asker, other } = cluster();
    asker.call("f", [], { watch: true, timeoutMs: 1_000 });
    asker.call("nowhere", [], { watch: true, timeoutMs: 1_000, waitForCapacityMs: 5_000 });
    mesh.advance(10);
    const waits = { step: "nowhere", status: "ready", readyMs: 0 };
    expect(traced(mesh, a, other, 2)).toMatchObject({ running: [], unfinished: [waits] });
    mesh.advance(2_000);
    expect(traced(mesh, a, other).unfinished).toEqual([
      { step: "f", status: "failed", node: "b", readyMs: 0, startMs: 0, code: "deadline" },
    ]);
    const failed = traced(mesh, a, other, 2);
    expect(failed.unfinished).toMatchObject([{ step: "nowhere", status: "failed" }]);
    expect(traceText(failed)).toMatch(/\nfailed \(.*\): nowhere, never started, ready since 0\.0 ms$/);
  });

  test("are none where all have one", () => {
    const { mesh, a, asker, other } = cluster();
    asker.request([{ fun: "here" }]);
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    expect(traced(mesh, a, other)).not.toHaveProperty("unfinished");
  });
});
