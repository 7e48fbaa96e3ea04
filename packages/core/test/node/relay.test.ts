/** Steps for a node to which there is no way: they travel through nodes that have one. */
import { describe, expect, test } from "vitest";
import { MpregError, packTrace } from "../../src/base/index.js";
import { writeStep } from "../../src/wire/index.js";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import type { MeshNode } from "../support/mesh-node.js";
import { network } from "../support/network.js";
import { codec, use } from "../support/requests.js";

function errorOf(ends: readonly object[]): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

describe("a step for a node that cannot be reached", () => {
  test("travels through a neighbour, and its result comes back the same way (D6)", () => {
    const { mesh, node } = network("acx", "ac cx");
    const trace = packTrace({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1, state: "vendor=a1" });
    const asked = node("a").call("on-x", ["some", "arguments"], { timeoutMs: 5_000, trace });
    mesh.settle();
    const [running] = node("x").waiting("on-x");
    expect(running!.terms).toEqual({ trace });
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

    const sameAddress = mesh.client(node("c")).call("on-x");
    mesh.settle();
    expect(sameAddress).toBeDefined();
    expect(node("x").waiting("on-x")).toMatchObject([{ caller: { ...onBehalfOf, via: "c" } }]);
    node("x").finish("on-x", 1);

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
        'The link to node "c" broke (the connection was cut) while "on-x" was on its way to node "x", or running there; whether it took effect is unknown',
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

  /** Calls x from a so often that every neighbour comes up; answers what became of them. */
  function callOften({ mesh, node }: ReturnType<typeof network>): unknown[] {
    const asked = Array.from({ length: 20 }, () => node("a").call("on-x"));
    mesh.advance(3_000);
    while (node("x").waiting("on-x").length > 0) node("x").finish("on-x", "there");
    mesh.settle();
    return asked.flatMap(({ ends }) => ends);
  }
  const there = Array.from({ length: 20 }, () => ({ value: "there" }));

  test("is given to those that have a link to it, as they have told", () => {
    const all = network("abcdx", "ab ac ad bc bd cd dx");
    expect(callOften(all)).toEqual(there);
    expect(all.decided.filter(({ by }) => by === "b" || by === "c")).toEqual([]);
    all.mesh.expectQuiet();
  });

  test("takes another neighbour when the first, or one behind it, has lost its link", () => {
    const near = network("abdx", "ab ad bd bx dx");
    near.close("dx");
    expect(callOften(near)).toEqual(there);
    expect(near.decided.filter(({ by }) => by === "d")).not.toEqual([]);
    near.mesh.expectQuiet();
    const far = network("abcdex", "ab ad bc de ce cx ex");
    far.close("cx");
    expect(callOften(far)).toEqual(there);
    expect(far.decided.filter(({ by }) => by === "c")).not.toEqual([]);
  });

  test("does not take one that is not heard of", () => {
    const all = network("abdx", "ab ad bd bx dx");
    const b = all.node("b");
    for (const { connection, end } of b.connections.values()) {
      for (const each of connection.ends) if (each !== end) connection.from(end).isHeld = true;
    }
    all.mesh.advance(2_500);
    all.decided.length = 0;
    expect(callOften(all)).toEqual(there);
    expect(all.decided.filter(({ by }) => by === "b")).toEqual([]);
  });

  test("is tried over three neighbours, and not over all that there are", () => {
    const { mesh, node, decided, denying } = network("aijklmx", "ai aj ak al am ix jx kx lx mx");
    for (const name of "ijklm") denying.add(name);
    const asked = node("a").call("on-x");
    mesh.settle();
    expect(errorOf(asked.ends)).toMatchObject({ code: "denied", outcome: "not-applied", step: "on-x" });
    const tried = decided.map(({ by }) => by).filter((by) => by !== "a");
    expect([tried.length, new Set(tried).size]).toEqual([3, 3]);
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

  test("has its node dialled again, where its coordinator would not for itself (W3)", () => {
    const names = Array.from("abcdefghijklmn");
    const ways = names.flatMap((one) => names.filter((other) => one < other).map((other) => one + other));
    const options = { membership: { fullMeshMax: 1 } };
    const whole = network(names.join(""), ways.join(" "), options);
    const unlinked = ways.find((way) => !whole.isLinked(way))!;
    const far = network(names.join(""), ways.filter((way) => way !== unlinked).join(" "), options, new Mesh(), 30_000);
    const [a, n] = Array.from(unlinked, far.node) as [MeshNode, MeshNode];
    const call = (): void => {
      const { ends } = a.call(`on-${n.name}`);
      far.mesh.advance(100);
      n.finish(`on-${n.name}`, 1);
      far.mesh.settle();
      expect(ends).toEqual([{ value: 1 }]);
    };
    call();
    far.open(unlinked);
    const dials = a.dials.length;
    call();
    expect(a.dials.slice(dials)).not.toContain(`ws://${n.name}`);
    far.mesh.advance(10_000);
    call();
    expect(far.isLinked(unlinked)).toBe(true);
    far.mesh.advance(20_000); // its link is idle, and is closed
    expect(far.isLinked(unlinked)).toBe(false);
    call();
    expect(far.isLinked(unlinked)).toBe(true);
  });

  test("has its node dialled every ten seconds, however much is sent to it (W3)", () => {
    const { mesh, node } = network("acx", "ac cx", { membership: { fullMeshMax: 1 } });
    const a = node("a");
    for (let call = 0; call < 50; call++) {
      a.call("on-x");
      mesh.advance(500);
    }
    expect(a.dials.filter((url) => url === "ws://x").length).toBeLessThan(10);
    expect(node("x").waiting("on-x")).toHaveLength(50);
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
  /** Number 77 is sent by `liar`, on its way to `target`. */
  function step(liar: MeshClient, target: string, origin: string, hopsLeft: number, fun = "on-x", timeoutMs = 3_000) {
    writeStep(liar.link.outbox.writer, {
      id: 77,
      timeoutMs,
      request: 1,
      depth: 0,
      fun,
      step: fun,
      resources: [],
      behalf: undefined,
      timings: false,
      relay: { target, origin, hopsLeft },
      terms: undefined,
      bound: [],
      template: codec.encode([], "arguments"),
    });
    liar.link.outbox.commit();
  }

  /** The first node, asked by whoever calls itself "liar" and has proved that key. */
  function asked(names: string, ways: string, hopsLeft: number, target?: string, fun = "on-x") {
    const { mesh, node } = network(names, ways);
    const liar = mesh.client(node(names[0]!), { node: "liar" });
    mesh.settle();
    step(liar, target ?? node("x").id, "somebody", hopsLeft, fun);
    mesh.advance(2_000);
    return { mesh, node, ends: () => liar.endsOf(77) };
  }

  test("says that it has not when it knows no such node, or nothing of the kind there", () => {
    const error = { code: "node-lost", outcome: "not-applied", node: "c" };
    expect(errorOf(asked("cx", "cx", 2, "f".repeat(32)).ends())).toMatchObject(error);
    expect(errorOf(asked("cx", "cx", 2, undefined, "on-y").ends())).toMatchObject(error);
    expect(errorOf(asked("cx", "cx", 0).ends())).toMatchObject(error);
  });

  test("never sends it back to where it came from (D7)", () => {
    const { mesh, node } = network("acdx", "ac cd dx");
    const liar = mesh.client(node("c"), { node: "liar" });
    mesh.crash(node("d"));
    step(liar, node("x").id, node("a").id, 2);
    mesh.advance(2_000);
    expect(liar.heard.filter(({ kind }) => kind === "step")).toEqual([]);
    expect(node("a").invoked).toEqual([]);
    expect(errorOf(liar.endsOf(77))).toMatchObject({ code: "node-lost", outcome: "not-applied", node: "c" });
  });

  test("gives up at the deadline, whatever the target does", () => {
    const { mesh, node } = network("cx", "cx");
    const liar = mesh.client(node("c"), { node: "liar" });
    const connection = node("c").connectionTo(node("x"));
    for (const end of connection.ends) connection.from(end).isHeld = true;
    step(liar, node("x").id, "somebody", 2, "on-x", 700);
    mesh.advance(701);
    expect(errorOf(liar.endsOf(77))).toMatchObject({ code: "deadline", outcome: "unknown", node: "x" });
  });

  test("gives it to nobody else, however many offer the same (D7)", () => {
    const { node, ends } = asked("cdx", "cd dx", 1, undefined, "everywhere");
    expect(errorOf(ends())).toMatchObject({ code: "node-lost", outcome: "not-applied", node: "c" });
    expect([node("c").invoked, node("d").invoked]).toEqual([[], []]);
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

describe("a result that is kept by a node", () => {
  const big = new Uint8Array(1024 * 1024).fill(7);

  test("which the one that needs it cannot reach comes through another (F5)", () => {
    const { mesh, node } = network("abc", "ab ac");
    node("b").offer("load", () => big);
    node("c").offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    const asked = node("a").request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.advance(5_000);
    expect(asked.ends).toEqual([{ outputs: [big.length] }]);
    mesh.expectQuiet();
  });

  test("reaches the program that wants it through a neighbour of both (F5)", () => {
    const { mesh, node } = network("acx", "ac cx");
    node("x").offer("load", () => big);
    mesh.settle();
    const asked = node("a").call("load");
    mesh.advance(5_000);
    expect(asked.ends).toEqual([{ value: big }]);
    mesh.expectQuiet();
  });

  test("of which the one that needs it has not heard comes through the coordinator (F5)", () => {
    const mesh = new Mesh();
    const [a, c] = mesh.cluster("a", "c") as [MeshNode, MeshNode];
    mesh.advance(5_000);
    const b = mesh.node("b", { peers: ["a"] });
    b.offer("load", () => big);
    c.offer("count", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    expect(c.machine.size.peers).toBe(1);
    const asked = a.request([{ fun: "load" }, { fun: "count", args: [use("load")] }]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [big.length] }]);
    mesh.expectQuiet();
  });
});
