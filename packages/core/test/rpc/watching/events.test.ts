import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Missed } from "../../../src/structures/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { codec, use } from "../../support/requests.js";
import { heard } from "../../support/heard.js";

/** a's client; b offers `f`, a `here`: the test ends both. */
function cluster(options: { readonly idempotent?: boolean } = {}) {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  const traits = options.idempotent === true ? { idempotent: "yes" as const } : {};
  b.offerAs("f", byHand, traits);
  a.offer("here", byHand);
  mesh.settle();
  return { mesh, a, b, c, client: mesh.client(a) };
}

const broken = new MpregError("handler-error", "broken", { outcome: "applied" });

const steps = [{ fun: "here" }, { name: "second", fun: "f", args: [use("here")] }];

describe("the events of a request", () => {
  test("whoever watches is told each thing that happens, in order and before the end (E2)", () => {
    const { mesh, a, b, client } = cluster();
    const id = client.request(steps, { watch: true, intermediates: true });
    mesh.settle();
    a.finish("here", "abc");
    mesh.settle();
    b.finish("f", 42);
    mesh.settle();
    expect(heard(client, id)).toEqual([
      { kind: "received", requestId: a.requestId(), node: "a" },
      {
        kind: "planned",
        steps: [
          { name: "here", fun: "here", inputs: [] },
          { name: "second", fun: "f", inputs: ["here"] },
        ],
      },
      { kind: "step-ready", step: "here" },
      { kind: "started", step: "here", node: "a" },
      { kind: "result-available", step: "here", node: "a", bytes: 4, value: "abc" },
      { kind: "step-ready", step: "second" },
      { kind: "started", step: "second", node: "b" },
      { kind: "result-available", step: "second", node: "b", bytes: 1, value: 42 },
      { kind: "finished" },
      { kind: "results" },
    ]);
    mesh.expectQuiet();
  });

  test("who does not watch is told nothing (E1)", () => {
    const { mesh, a, client } = cluster();
    const id = client.request([{ fun: "here" }]);
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    expect(heard(client, id)).toEqual([{ kind: "results" }]);
  });

  test("a step runs while it is told: nothing waits until the end", () => {
    const { mesh, client } = cluster();
    const id = client.request(steps, { watch: true });
    mesh.settle();
    expect(heard(client, id).at(-1)).toEqual({ kind: "started", step: "here", node: "a" });
  });

  test("a single call has events, too", () => {
    const { mesh, b, client } = cluster();
    const id = client.call("f", [], { watch: true });
    mesh.settle();
    b.finish("f", 7);
    mesh.settle();
    expect(heard(client, id)).toEqual([
      { kind: "received", requestId: expect.any(String), node: "a" },
      { kind: "started", step: "f", node: "b" },
      { kind: "result-available", step: "f", node: "b", bytes: 1 },
      { kind: "finished" },
      { kind: "answer" },
    ]);
  });

  test("a single call that fails tells it of its step and of itself, as a graph of one step", () => {
    const { mesh, b, client } = cluster();
    const id = client.call("f", [], { watch: true });
    mesh.settle();
    b.fail("f", broken);
    mesh.settle();
    const error = { code: "handler-error", message: "broken", outcome: "applied", node: "b" };
    expect(heard(client, id).slice(-3)).toEqual([
      { kind: "step-failed", step: "f", error },
      { kind: "failed", error },
      { kind: "failure" },
    ]);
  });

  test("a failure is told with the step it belongs to, and of the request", () => {
    const { mesh, b, client } = cluster();
    b.offer("bad", byHand);
    mesh.settle();
    const id = client.request([{ fun: "bad" }], { watch: true });
    mesh.settle();
    b.fail("bad", broken);
    mesh.settle();
    const error = { code: "handler-error", message: "broken", outcome: "applied", node: "b" };
    expect(heard(client, id).slice(-3)).toEqual([
      { kind: "step-failed", step: "bad", error },
      { kind: "failed", error },
      { kind: "failure" },
    ]);
  });

  test("where branches settle, what is skipped is told with the step that is to blame", () => {
    const { mesh, b, client } = cluster();
    b.offer("bad", byHand);
    mesh.settle();
    const after = { name: "after", fun: "here", args: [use("bad")] };
    const id = client.request([{ fun: "bad" }, after], { watch: true, settle: true });
    mesh.settle();
    b.fail("bad", broken);
    mesh.settle();
    expect(heard(client, id).slice(-4)).toEqual([
      expect.objectContaining({ kind: "step-failed", step: "bad" }),
      { kind: "skipped", step: "after", because: "bad" },
      { kind: "finished" },
      { kind: "results" },
    ]);
  });

  test("a step that is run again is told so, with the node that runs it now", () => {
    const { mesh, a, b, c, client } = cluster({ idempotent: true });
    const id = client.request([{ fun: "f" }], { watch: true });
    mesh.settle();
    c.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    mesh.crash(b);
    mesh.advance(1_000);
    c.finish("f", 1);
    mesh.settle();
    expect(heard(client, id).map(({ kind, ...event }) => [kind, "node" in event ? event.node : undefined])).toEqual([
      ["received", a.name],
      ["planned", undefined],
      ["step-ready", undefined],
      ["started", "b"],
      ["retried", undefined],
      ["started", "c"],
      ["result-available", "c"],
      ["finished", undefined],
      ["results", undefined],
    ]);
    const retried = heard(client, id).find(({ kind }) => kind === "retried");
    expect(retried).toMatchObject({ attempts: 2, because: { code: "node-lost", node: "b" } });
  });

  test("a client that does not read loses events and is told how many, and never its answer (E3) (K7)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a") as [MeshNode];
    a.offer("big", () => "x".repeat(15_000));
    mesh.settle();
    const client = mesh.client(a);
    mesh.settle();
    const { ends } = client.connection!;
    const fromNode = client.connection!.from(ends[0] === client ? ends[1] : ends[0]);
    fromNode.isHeld = true;
    const many = Array.from({ length: 60 }, (_, index) => ({ name: `s${index}`, fun: "big" }));
    const id = client.request(many, { watch: true, intermediates: true, outputs: [use("s0")] });
    mesh.settle();
    fromNode.release();
    mesh.settle();
    const told = heard(client, id);
    expect(told.slice(-2)).toEqual([{ kind: "finished" }, { kind: "results" }]);
    const missed = told.filter((event): event is Missed => event.kind === "missed");
    expect(missed).not.toEqual([]);
    const told60 = told.length - missed.length - 1;
    // received, planned, finished, and three for each step
    expect(told60 + missed.reduce((sum, { count }) => sum + count, 0)).toBe(3 + 3 * 60);
  });

  test("what a handler reports is told with its step and node, before its result (E2)", () => {
    const { mesh, a, b, client } = cluster();
    const id = client.request(steps, { watch: true });
    mesh.settle();
    a.report("here", { done: 1 });
    a.finish("here", "abc");
    mesh.settle();
    b.report("f", "half");
    b.report("f", "x".repeat(20_000));
    b.finish("f", 42);
    mesh.settle();
    expect(heard(client, id).filter(({ kind }) => kind === "progress" || kind === "result-available")).toEqual([
      { kind: "progress", step: "here", node: "a", value: { done: 1 } },
      expect.objectContaining({ kind: "result-available", step: "here" }),
      { kind: "progress", step: "second", node: "b", value: "half" },
      { kind: "progress", step: "second", node: "b", refusal: "it takes 20003 bytes; at most 16384 are told" },
      expect.objectContaining({ kind: "result-available", step: "second" }),
    ]);
    mesh.expectQuiet();
  });

  test("a step carries whether anybody watches it, and what it reports otherwise goes nowhere (E1)", () => {
    const { mesh, b, client } = cluster();
    const watched = client.call("f", [], { watch: true });
    mesh.settle();
    expect(b.waiting("f").map(({ terms }) => terms?.watched)).toEqual([true]);
    b.finish("f", 1);
    const id = client.call("f", []);
    mesh.settle();
    expect(b.waiting("f").map(({ terms }) => terms?.watched)).toEqual([undefined]);
    b.report("f", "half"); // as a driver would that does not look
    b.finish("f", 2);
    mesh.settle();
    expect(heard(client, watched).at(-1)).toEqual({ kind: "answer" });
    expect(heard(client, id)).toEqual([{ kind: "answer" }]);
  });

  test("what is reported after the end, or when nobody waits any more, changes nothing (E2)", () => {
    const { mesh, b, client } = cluster();
    const id = client.call("f", [], { watch: true });
    mesh.settle();
    const [invocation] = b.waiting("f");
    b.finish("f", 1);
    mesh.settle();
    const progress = { missed: 0, value: codec.encode("late", "it"), refusal: undefined };
    b.enter({ kind: "progress", invocation: invocation!, progress });
    mesh.settle();
    expect(heard(client, id).slice(-2)).toEqual([{ kind: "finished" }, { kind: "answer" }]);
    mesh.expectQuiet();
  });

  test("a coordinator that does not read loses reports and is told how many, and never the answer (E3) (K7)", () => {
    const { mesh, a, b, client } = cluster();
    const id = client.call("f", [], { watch: true });
    mesh.settle();
    const link = b.connectionTo(a);
    const fromB = link.from(link.ends.find((end) => [...b.connections.values()].some((each) => each.end === end))!);
    fromB.isHeld = true;
    for (let report = 0; report < 60; report++) b.report("f", "x".repeat(10_000));
    b.finish("f", 42);
    mesh.settle();
    fromB.release();
    mesh.settle();
    const told = heard(client, id);
    const missed = told.filter((event): event is Missed => event.kind === "missed");
    const reports = told.filter(({ kind }) => kind === "progress");
    expect(missed).not.toEqual([]);
    expect(reports.length + missed.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    expect(told.slice(-3)).toEqual([
      { kind: "result-available", step: "f", node: "b", bytes: 1 },
      { kind: "finished" },
      { kind: "answer" },
    ]);
  });

  test("a node that reports more than it may is not passed on, and its answer is (E3)", () => {
    const { mesh, b, client } = cluster();
    const id = client.call("f", [], { watch: true });
    mesh.settle();
    const value = codec.encode("x".repeat(20_000), "it");
    b.enter({ kind: "progress", invocation: b.waiting("f")[0]!, progress: { missed: 0, value, refusal: undefined } });
    b.finish("f", 1);
    mesh.settle();
    const kinds = heard(client, id).map(({ kind }) => kind);
    expect(kinds).toEqual(["received", "started", "result-available", "finished", "answer"]);
  });

  test("the node's own program is told, too", () => {
    const { mesh, a } = cluster();
    a.request([{ fun: "here" }], { watch: true });
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    expect(a.told.map(({ event }) => event.kind)).toEqual([
      "received",
      "planned",
      "step-ready",
      "started",
      "result-available",
      "finished",
    ]);
  });
});
