/** Requests that somebody else watches, while they run and when they have ended. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { RequestList, RequestTrace } from "../../../src/rpc/index.js";
import { type Heard, heard } from "../../support/heard.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshClient } from "../../support/mesh-client.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";
import { codec, mapOf, use } from "../../support/requests.js";

const steps = [{ fun: "here" }, { name: "second", fun: "f", args: [use("here")] }];

/** a offers `here`, b `f`, both ended by the test; a client of each. */
function cluster(options: MeshNodeOptions = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", options);
  const b = mesh.node("b", { ...options, peers: ["a"] });
  b.offer("f", byHand);
  a.offer("here", byHand);
  mesh.settle();
  return { mesh, a, b, asker: mesh.client(a), other: mesh.client(b) };
}

function idOf(node: MeshNode, number = 1): string {
  return node.requestId(number);
}

/** The traces that answered `id`; there should be one. */
function tracesOf(client: MeshClient, id: number): RequestTrace[] {
  return client.heard.flatMap((message) =>
    message.kind === "answer" && message.id === id ? [codec.decode(message.value as Uint8Array) as RequestTrace] : [],
  );
}

function kindsOf(events: readonly Heard[]): string[] {
  return events.map(({ kind }) => kind);
}

describe("a second client", () => {
  test("is told what has happened and what happens, through any node, until the end (E4) (L1) (L3)", () => {
    const { mesh, a, b, asker, other } = cluster();
    asker.request(steps);
    mesh.advance(10); // it says that it has run for 2 ms
    a.finish("here", "abc");
    mesh.settle();
    const id = other.watch(idOf(a));
    mesh.settle();
    const past = ["received", "planned", "step-ready", "started", "result-available", "step-ready", "started"];
    expect(kindsOf(heard(other, id))).toEqual(past);
    b.finish("f", 42);
    mesh.settle();
    expect(heard(other, id).slice(7)).toEqual([
      { kind: "result-available", step: "second", node: "b", bytes: 1 },
      { kind: "finished" },
      { kind: "answer" },
    ]);
    expect(tracesOf(other, id)).toEqual([
      expect.objectContaining({ requestId: idOf(a), coordinator: "a", state: "finished", running: [] }),
    ]);
    mesh.expectQuiet();
  });

  test("gets small intermediate results and what handlers report where it asks for them", () => {
    const { mesh, a, b, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    const id = other.watch(idOf(a), { intermediates: true });
    mesh.settle();
    a.finish("here", "abc");
    mesh.settle();
    b.report("f", "half"); // the step was given to b when somebody watched
    b.finish("f", 42);
    mesh.settle();
    const told = heard(other, id).filter(({ value }) => value !== undefined);
    expect(told.map(({ kind, value }) => [kind, value])).toEqual([
      ["result-available", "abc"],
      ["progress", "half"],
      ["result-available", 42],
    ]);
  });

  test("that leaves, or loses its link, is told nothing more, and leaves nothing behind (L3)", () => {
    const { mesh, a, b, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    const here = mesh.client(a);
    mesh.settle();
    const ids = [other.watch(idOf(a)), here.watch(idOf(a))] as const;
    mesh.settle();
    const before = heard(other, ids[0]).length;
    other.cancel(ids[0]);
    here.connection!.cut();
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    b.finish("f", 2);
    mesh.settle();
    expect(
      heard(other, ids[0])
        .slice(before)
        .filter(({ kind }) => kind !== "failure"),
    ).toEqual([]);
    mesh.expectQuiet();
  });

  test("is told when the asker is gone, and with it the request", () => {
    const { mesh, a, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    const id = other.watch(idOf(a));
    mesh.settle();
    asker.connection!.cut();
    mesh.settle();
    const error = expect.objectContaining({ code: "cancelled", outcome: "unknown" });
    expect(heard(other, id).slice(-2)).toEqual([{ kind: "failed", error }, { kind: "answer" }]);
    mesh.expectQuiet();
  });

  test("is told when the way to the coordinator is lost", () => {
    const { mesh, a, b, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    const id = other.watch(idOf(a));
    mesh.settle();
    b.connectionTo(a).cut();
    mesh.settle();
    expect(other.heard.at(-1)).toMatchObject({ kind: "failure", id, error: { code: "node-lost", node: "a" } });
  });

  test("is refused where the policy refuses, at its node and at the coordinator (L2)", () => {
    const asked: unknown[] = [];
    const { mesh, a, asker, other } = cluster({
      policy: (subject, action) => {
        if (action.kind !== "watch") return { allow: true };
        asked.push([subject.kind, action.onBehalfOf?.kind, action.request]);
        return subject.kind === "node" ? { allow: false, reason: "not yours" } : { allow: true };
      },
    });
    asker.request(steps);
    mesh.settle();
    const id = other.watch(idOf(a));
    mesh.settle();
    expect(asked).toEqual([
      ["client", undefined, idOf(a)],
      ["node", "client", idOf(a)],
    ]);
    expect(other.heard.at(-1)).toMatchObject({
      id,
      error: { code: "denied", node: "a", message: expect.stringContaining("not yours") },
    });
  });

  test.for([
    ["0f1e2d3c-1", "unknown-request", "no node of the cluster has an id that begins with 0f1e2d3c"],
    ["mine", "invalid-argument", "ids are like 0f1e2d3c-1a"],
  ] as const)("of %s is told why not: %s", ([requestId, code, why]) => {
    const { mesh, other } = cluster();
    const id = other.watch(requestId);
    mesh.settle();
    expect(other.heard.at(-1)).toMatchObject({
      kind: "failure",
      id,
      error: { code, message: expect.stringContaining(why) },
    });
  });

  test.for([
    { how: "is down", end: (mesh: Mesh, a: MeshNode) => mesh.crash(a) },
    { how: "has left the cluster", end: (_mesh: Mesh, a: MeshNode) => a.enter({ kind: "close" }) },
  ])("of a request whose coordinator $how is told that, not that there was none (L6)", ({ how, end }) => {
    const { mesh, a, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    const requestId = idOf(a);
    end(mesh, a);
    mesh.advance(60_000);
    const ids = [other.watch(requestId), other.watch(requestId, { now: true })];
    mesh.settle();
    const message = `Cannot look at request "${requestId}": node "a", which coordinated it, ${how}; what became of it is unknown`;
    const error = expect.objectContaining({ code: "node-lost", outcome: "unknown", node: "a", message });
    expect(other.heard.slice(-2)).toEqual(ids.map((id) => ({ kind: "failure", id, error })));
  });

  test("that is a node itself is not passed on to a third: it could go on for ever (L1)", () => {
    const { mesh, a, b, asker } = cluster();
    asker.request(steps);
    mesh.settle();
    const stranger = mesh.client(b, { node: "stranger" });
    const id = stranger.watch(idOf(a));
    mesh.settle();
    expect(heard(stranger, id)).toEqual([{ kind: "failure" }]);
    const failure = stranger.heard.find((message) => "id" in message && message.id === id);
    expect(failure).toMatchObject({ error: { code: "unknown-request", node: "b" } });
  });

  test("of a number that the coordinator does not know is told so, once", () => {
    const { mesh, a, other } = cluster();
    const id = other.watch(idOf(a, 77));
    mesh.settle();
    expect(heard(other, id)).toEqual([{ kind: "failure" }]);
    expect(other.heard.at(-1)).toMatchObject({ error: { code: "unknown-request", node: "a" } });
    mesh.expectQuiet();
  });

  test("is one of at most watchersMax (L4)", () => {
    const { mesh, a, asker, other } = cluster({ rpc: { watchersMax: 1 } });
    asker.request(steps);
    mesh.settle();
    const first = other.watch(idOf(a));
    const second = other.watch(idOf(a));
    mesh.settle();
    expect(heard(other, second)).toEqual([{ kind: "failure" }]);
    expect(other.heard.at(-1)).toMatchObject({ error: { code: "overloaded" } });
    other.cancel(first);
    mesh.settle();
    const third = other.watch(idOf(a));
    mesh.settle();
    expect(heard(other, third)[0]).toMatchObject({ kind: "received" }); // there is room again
  });
});

describe("a trace", () => {
  test("of a request that runs says what has ended and what runs where, at once (L3)", () => {
    const { mesh, a, asker, other } = cluster();
    asker.request(steps);
    mesh.settle();
    a.finish("here", "abc");
    mesh.settle();
    const id = other.watch(idOf(a), { now: true });
    mesh.settle();
    expect(heard(other, id)).toEqual([{ kind: "answer" }]);
    expect(tracesOf(other, id)[0]).toMatchObject({
      state: "running",
      steps: [{ name: "here", node: "a" }],
      running: [{ step: "second", node: "b" }],
    });
  });

  test("of a request that has failed says why, and its error says which request it was", () => {
    const { mesh, a, asker, other } = cluster();
    const asked = asker.request(steps);
    mesh.settle();
    a.fail("here", new MpregError("handler-error", "broken", { outcome: "applied" }));
    mesh.settle();
    expect(asker.heard.at(-1)).toMatchObject({ id: asked, error: { code: "handler-error", request: idOf(a) } });
    const id = other.watch(idOf(a), { now: true });
    mesh.settle();
    expect(tracesOf(other, id)[0]).toMatchObject({ state: "failed", error: { code: "handler-error", node: "a" } });
  });

  test("of a single call is there if it was watched or summarised, and costs nothing otherwise (E1)", () => {
    const { mesh, a, asker, other } = cluster();
    for (const options of [{}, { summary: true }, { watch: true }]) {
      asker.call("here", [], options);
      mesh.settle();
      a.finish("here", 1);
      mesh.settle();
    }
    const ids = [1, 2, 3].map((number) => other.watch(idOf(a, number), { now: true }));
    mesh.settle();
    expect(ids.map((id) => kindsOf(heard(other, id)))).toEqual([["failure"], ["answer"], ["answer"]]);
  });

  test.for([
    ["watched", { watch: true }],
    ["summarised", { summary: true }],
  ] as const)("of a single call that was %s has its step, as the list has it (L5)", ([, options]) => {
    const { mesh, a, b, asker, other } = cluster();
    const ids = [asker.call("f", [], options), asker.call("f", [], options)];
    mesh.settle();
    b.finish("f", "abc");
    b.fail("f", new MpregError("handler-error", "broken", { outcome: "applied" }));
    mesh.settle();
    const looks = [1, 2].map((number) => other.watch(idOf(a, number), { now: true }));
    mesh.settle();
    const [finished, failed] = looks.map((id) => tracesOf(other, id)[0]);
    expect(finished).toMatchObject({ state: "finished", steps: [{ name: "f", node: "b", bytesOut: 4, attempts: 1 }] });
    expect(failed).toMatchObject({ state: "failed", error: { code: "handler-error" }, running: [] });
    const list = other.requests("a");
    mesh.settle();
    const { requests } = tracesOf(other, list)[0] as unknown as RequestList;
    expect(requests.map(({ state, steps }) => [state, steps])).toEqual([
      ["failed", { ended: 1, total: 1 }],
      ["finished", { ended: 1, total: 1 }],
    ]);
    // who did not ask for the summary is not told it
    const answer = asker.heard.find((message) => message.kind === "answer" && message.id === ids[0]);
    expect(answer).toHaveProperty("summary", "summary" in options ? expect.any(Uint8Array) : undefined);
  });

  test("is remembered for traceMs, and of the last tracesMax requests (R1)", () => {
    const { mesh, a, asker, other } = cluster({ rpc: { tracesMax: 2, traceMs: 60_000 } });
    const run = (): void => {
      asker.request([{ fun: "here" }]);
      mesh.settle();
      a.finish("here", 1);
      mesh.settle();
    };
    const known = (): string[][] => {
      const ids = [1, 2, 3].map((number) => other.watch(idOf(a, number), { now: true }));
      mesh.settle();
      return ids.map((id) => kindsOf(heard(other, id)));
    };
    for (let count = 0; count < 3; count++) run();
    expect(known()).toEqual([["failure"], ["answer"], ["answer"]]);
    mesh.advance(60_001);
    expect(known()).toEqual([["failure"], ["failure"], ["failure"]]);
  });

  test("takes no more than traceBytesMax with the others (R1)", () => {
    const { mesh, a, asker, other } = cluster({ rpc: { traceBytesMax: 1_200 } });
    for (let count = 0; count < 3; count++) {
      asker.request([{ fun: "here" }]);
      mesh.settle();
      a.finish("here", 1);
      mesh.settle();
    }
    const ids = [1, 2, 3].map((number) => other.watch(idOf(a, number), { now: true }));
    mesh.settle();
    expect(ids.map((id) => kindsOf(heard(other, id)))).toEqual([["failure"], ["answer"], ["answer"]]);
  });

  test("of a request that has ended is told as events where they are wanted", () => {
    const { mesh, a, asker, other } = cluster();
    asker.request([{ fun: "here" }]);
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    const id = other.watch(idOf(a));
    mesh.settle();
    const kinds = ["received", "planned", "step-ready", "started", "result-available", "finished", "answer"];
    expect(kindsOf(heard(other, id))).toEqual(kinds);
  });

  test("that has failed is told with its plan, and with what has ended without a result (E4) (Y1)", () => {
    const { mesh, a, b, asker, other } = cluster();
    asker.request(steps, { settle: true });
    mesh.settle();
    const early = other.watch(idOf(a));
    mesh.settle();
    a.fail("here", new MpregError("handler-error", "no", { outcome: "applied" }));
    mesh.settle();
    const late = other.watch(idOf(a));
    mesh.settle();
    const kinds = ["received", "planned", "step-ready", "started", "step-failed", "skipped", "finished", "answer"];
    expect(kindsOf(heard(other, late))).toEqual(kinds);
    const told = (id: number): Heard[] => heard(other, id).filter(({ kind }) => kind !== "answer");
    const undated = told(late).map((event) => ({ ...event, ageMs: undefined, atMs: undefined }));
    expect(undated).toEqual(told(early).map((event) => ({ ...event, ageMs: undefined, atMs: undefined })));
    expect(b.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("with a map, and a step that failed, is told as it was to who watched all the time (Y1)", () => {
    const { mesh, a, b, asker, other } = cluster();
    const doubled = mapOf("all", use("list"), [{ name: "each", fun: "here", args: [use("item")] }]);
    const graph = [{ name: "list", fun: "here" }, doubled, { name: "broken", fun: "f", args: [use("all")] }];
    const live = asker.request(graph, { watch: true, settle: true });
    mesh.advance(10);
    a.finish("here", [1, 2]);
    mesh.advance(10);
    a.finish("here", 1);
    mesh.advance(10);
    a.finish("here", 2);
    mesh.advance(10);
    b.fail("f", new MpregError("handler-error", "no", { outcome: "applied" }));
    mesh.settle();
    const late = other.watch(idOf(a));
    mesh.settle();
    const undated = (events: Heard[]): unknown[] =>
      events.slice(0, -1).map((event) => ({ ...event, ageMs: undefined, atMs: undefined })); // without the answer
    const [then, now] = [undated(heard(asker, live)), undated(heard(other, late))];
    expect(now).toContainEqual(expect.objectContaining({ kind: "mapped", step: "all", items: 2 }));
    expect(now).toHaveLength(then.length);
    expect(new Set(now.map((event) => JSON.stringify(event)))).toEqual(
      new Set(then.map((event) => JSON.stringify(event))),
    );
    const kinds = now.map((event) => (event as { readonly kind: string }).kind);
    expect(kinds.slice(5, 7)).toEqual(["step-ready", "mapped"]); // a map's list before its items
  });

  test("and what had happened before is told with the time at which it did, in that order (Y1)", () => {
    const { mesh, a, b, asker, other } = cluster();
    const last = { name: "last", fun: "here", args: [use("first")] };
    asker.request([{ name: "broken", fun: "f" }, { name: "first", fun: "f" }, last], { settle: true });
    mesh.advance(100);
    b.fail("f", new MpregError("handler-error", "no", { outcome: "applied" }));
    mesh.advance(300);
    b.finish("f", "abc");
    mesh.advance(1_000);
    const timesOf = (id: number): unknown[] =>
      heard(other, id).map((event) => [event.kind, (event as { readonly atMs?: number }).atMs]);
    const running = other.watch(idOf(a));
    mesh.settle();
    expect(timesOf(running)).toEqual([
      ["received", 0],
      ["planned", 0],
      ["step-ready", 0],
      ["step-ready", 0],
      ["started", 0],
      ["step-failed", 100],
      ["started", 199.5], // as far as its coordinator can tell from how long it has run
      ["result-available", 400],
      ["step-ready", 400],
      ["started", 400],
    ]);
    expect(heard(other, running)[0]).toMatchObject({ ageMs: 1_400 });
    a.finish("here", 42);
    mesh.advance(600);
    const ended = other.watch(idOf(a));
    mesh.settle();
    expect(timesOf(ended).slice(-2)).toEqual([
      ["finished", 1_400],
      ["answer", undefined],
    ]);
    expect(heard(other, ended)[0]).toMatchObject({ ageMs: 2_000 });
    mesh.expectQuiet();
  });
});
