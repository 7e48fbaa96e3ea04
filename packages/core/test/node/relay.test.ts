/** Steps for a node to which there is no way: they travel through nodes that have one. */
import { describe, expect, test } from "vitest";
import { type Action, MpregError, type Policy, type Subject } from "../../src/base/index.js";
import { writeStep } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "../support/mesh-node.js";
import { codec } from "../support/requests.js";

/** What each node was asked to decide about calls. */
type Decided = { readonly by: string; readonly subject: Subject; readonly onBehalfOf: Subject | undefined };

/** Nodes of which only those joined in `ways` ("ab bc") reach each other; each offers `on-<its name>`. */
function network(names: string, ways: string, options: MeshNodeOptions = {}, mesh = new Mesh(), formMs = 20_000) {
  const open = new Set(ways.split(" "));
  const decided: Decided[] = [];
  const isWay = (one: string, other: string): boolean =>
    other === "nowhere" || open.has(one + other) || open.has(other + one);
  const policyOf =
    (name: string): Policy =>
    (subject, action: Action) => {
      if (action.kind === "dial" && !isWay(name, action.url.slice("ws://".length))) {
        return { allow: false, reason: "there is no way" };
      }
      if (action.kind === "call") decided.push({ by: name, subject, onBehalfOf: action.onBehalfOf });
      return { allow: true };
    };
  const nodes = new Map<string, MeshNode>();
  for (const name of names) {
    const peers = [...nodes.keys()].filter((each) => isWay(name, each));
    nodes.set(name, mesh.node(name, { ...options, peers, policy: policyOf(name) }));
    nodes.get(name)!.offer(`on-${name}`, byHand);
  }
  mesh.advance(formMs);
  for (const node of nodes.values()) expect(node.machine.size.peers).toBe(names.length - 1);
  return { mesh, decided, node: (name: string) => nodes.get(name)!, open: (way: string) => open.add(way) };
}

function errorOf(ends: readonly object[]): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

describe("a step for a node that cannot be reached", () => {
  test("travels through a neighbour, and its result comes back the same way (D6)", () => {
    const { mesh, node } = network("acx", "ac cx");
    const asked = node("a").call("on-x", ["some", "arguments"], { timeoutMs: 5_000 });
    mesh.settle();
    const [running] = node("x").waiting("on-x");
    expect(codec.decodeTemplate(running!.template, running!.bound)).toEqual(["some", "arguments"]);
    expect(running).toMatchObject({ coordinator: node("a").id, step: "on-x", deadlineMs: mesh.nowMs + 5_000 });
    expect(node("c").invoked).toEqual([]);
    node("x").finish("on-x", "a result");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "a result" }]);
    mesh.expectQuiet();
  });

  test("works for whom its coordinator says, at every node that it passes", () => {
    const { mesh, node, decided } = network("acx", "ac cx");
    const client = mesh.client(node("a"));
    const id = client.call("on-x");
    mesh.settle();
    const onBehalfOf = { kind: "client", address: "10.0.0.1", via: "a" };
    expect(node("x").waiting("on-x")).toMatchObject([{ caller: onBehalfOf }]);
    expect(decided).toMatchObject([
      { by: "a", subject: { kind: "client" }, onBehalfOf: undefined },
      { by: "c", subject: { kind: "node", name: "a" }, onBehalfOf },
      { by: "x", subject: { kind: "node", name: "c" }, onBehalfOf },
    ]);
    node("x").finish("on-x", 1);
    mesh.settle();
    expect(client.endsOf(id)).toEqual([{ value: 1 }]);

    decided.length = 0;
    node("a").call("on-x");
    mesh.settle();
    const own = { kind: "node", nodeId: node("a").id, name: "a", cluster: "default" };
    expect(node("x").waiting("on-x")).toMatchObject([{ caller: own }]);
    expect(decided.at(-1)).toMatchObject({ by: "x", subject: { kind: "node", name: "c" }, onBehalfOf: own });
  });

  test("fails as it fails there", () => {
    const { mesh, node } = network("acx", "ac cx");
    const asked = node("a").call("on-x");
    mesh.settle();
    node("x").fail("on-x", new MpregError("handler-error", "it hurts", { outcome: "applied" }));
    mesh.settle();
    expect(errorOf(asked.ends)).toMatchObject({
      code: "handler-error",
      outcome: "applied",
      message: "it hurts",
      node: "x",
      step: "on-x",
    });
    mesh.expectQuiet();
  });

  test("is cancelled, and given up at its deadline, where it runs", () => {
    const { mesh, node } = network("acx", "ac cx");
    const cancelled = node("a").call("on-x");
    mesh.settle();
    node("a").enter({ kind: "withdraw", ticket: cancelled.ticket });
    mesh.settle();
    expect(node("x").aborted).toEqual([{ fun: "on-x", reason: "cancelled" }]);
    const late = node("a").call("on-x", [], { timeoutMs: 700 });
    mesh.advance(701);
    expect(errorOf(late.ends)).toMatchObject({ code: "deadline", outcome: "unknown", node: "x" });
    expect(node("x").aborted).toHaveLength(2);
    mesh.expectQuiet();
  });

  test("is unknown when the node that has passed it on is lost, and not run for one that is", () => {
    const { mesh, node } = network("acx", "ac cx");
    const asked = node("a").call("on-x");
    mesh.settle();
    mesh.crash(node("c"));
    expect(errorOf(asked.ends)).toMatchObject({
      code: "node-lost",
      outcome: "unknown",
      node: "x",
      message:
        'The link to node "c" broke while "on-x" was on its way to node "x", or running there; whether it took effect is unknown',
    });
    expect(node("x").aborted).toEqual([{ fun: "on-x", reason: "caller-gone" }]);
  });

  test("travels over as many as three links (D7)", () => {
    const { mesh, node } = network("abcd", "ab bc cd");
    const asked = node("a").call("on-d");
    mesh.advance(5_000);
    node("d").finish("on-d", "far");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "far" }]);
    mesh.expectQuiet();
  });

  test("takes another neighbour when the first cannot pass it on, and never comes back to where it was (D7)", () => {
    const { mesh, node } = network("abcdx", "ab ac ad bc bd cd dx");
    const asked = Array.from({ length: 20 }, () => node("a").call("on-x"));
    mesh.advance(5_000);
    while (node("x").waiting("on-x").length > 0) node("x").finish("on-x", "there");
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual(asked.map(() => [{ value: "there" }]));
    mesh.expectQuiet();
  });

  test("goes the straight way as soon as there is one", () => {
    const { mesh, node, decided, open } = network("acx", "ac cx");
    const callers = () =>
      decided.filter(({ by }) => by === "x").map(({ subject }) => "name" in subject && subject.name);
    node("a").call("on-x");
    mesh.settle();
    expect(callers()).toEqual(["c"]);
    open("ax");
    mesh.advance(60_000);
    node("a").call("on-x");
    mesh.settle();
    expect(callers()).toEqual(["c", "a"]);
  });

  test("does not wait for as long as a dial that nobody answers may take (W2)", () => {
    const mesh = new Mesh();
    mesh.stranger("nowhere", new Uint8Array(0));
    const { node } = network("acx", "ac cx", { urls: ["ws://nowhere"] }, mesh, 3_000);
    const asked = node("a").call("on-x");
    mesh.advance(900);
    expect(node("x").waiting("on-x")).toEqual([]);
    mesh.advance(200);
    node("x").finish("on-x", "after a second");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "after a second" }]);
    const next = node("a").call("on-x");
    mesh.settle();
    node("x").finish("on-x", "at once");
    mesh.settle();
    expect(next.ends).toEqual([{ value: "at once" }]);
    mesh.expectQuiet();
  });
});

describe("a node that is to pass a step on", () => {
  /** The first node, asked by whoever calls itself "liar" and has proved that key. */
  function asked(names: string, ways: string, hopsLeft: number, target?: string, fun = "on-x") {
    const { mesh, node } = network(names, ways);
    const liar = mesh.client(node(names[0]!), { node: "liar" });
    mesh.settle();
    const id = 77;
    writeStep(liar.link.outbox.writer, {
      id,
      timeoutMs: 3_000,
      request: 1,
      depth: 0,
      fun,
      step: fun,
      resources: [],
      behalf: undefined,
      timings: false,
      relay: { target: target ?? node("x").id, origin: "somebody", hopsLeft },
      bound: [],
      template: codec.encode([], "arguments"),
    });
    liar.link.outbox.commit();
    mesh.advance(2_000);
    return { mesh, node, ends: () => liar.endsOf(id) };
  }

  test("says that it has not when it knows no such node, or nothing of the kind there", () => {
    const error = { code: "node-lost", outcome: "not-applied", node: "c" };
    expect(errorOf(asked("cx", "cx", 2, "f".repeat(32)).ends())).toMatchObject(error);
    expect(errorOf(asked("cx", "cx", 2, undefined, "on-y").ends())).toMatchObject(error);
    expect(errorOf(asked("cx", "cx", 0).ends())).toMatchObject(error);
  });

  test("does so over three links in all, whatever it is told (D7)", () => {
    for (const hopsLeft of [2, 3, 255]) {
      const { mesh, node, ends } = asked("cdx", "cd dx", hopsLeft);
      node("x").finish("on-x", 1);
      mesh.settle();
      expect(ends()).toEqual([{ value: 1 }]);
      const tooFar = asked("bcdx", "bc cd dx", hopsLeft);
      expect(tooFar.node("x").invoked).toEqual([]);
      expect(errorOf(tooFar.ends())).toMatchObject({ code: "node-lost", outcome: "not-applied", node: "c" });
    }
  });
});
