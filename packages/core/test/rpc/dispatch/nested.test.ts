/** Calls that handlers make, and on whose behalf. */
import { describe, expect, test } from "vitest";
import type { Action, Subject } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { byHand } from "../../support/mesh-node.js";
import { use } from "../../support/requests.js";

/** a, b and c in a row: a's client calls `outer` on b, which calls `inner` on c. */
function row() {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c");
  b!.offer("outer", byHand);
  c!.offer("inner", byHand);
  mesh.settle();
  return { mesh, a: a!, b: b!, c: c!, client: mesh.client(a!) };
}

describe("nested calls", () => {
  test("they inherit the caller, the deadline and the depth", () => {
    const { mesh, b, c, client } = row();
    const id = client.call("outer", [], { timeoutMs: 5_000 });
    mesh.settle();
    const [outer] = b.waiting("outer");
    expect(outer).toMatchObject({ depth: 0, step: "outer", caller: { kind: "client", address: "10.0.0.1", via: "a" } });
    mesh.advance(1_000);
    const asked = b.request([{ name: "first", fun: "inner" }], { parent: outer!, timeoutMs: 60_000 });
    mesh.settle();
    const [inner] = c.waiting("inner");
    expect(inner).toMatchObject({ depth: 1, step: "first", caller: { kind: "client", address: "10.0.0.1", via: "b" } });
    expect(inner!.deadlineMs).toBe(outer!.deadlineMs);
    c.finish("inner", 1);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [1] }]);
    b.finish("outer", 2);
    mesh.settle();
    expect(client.endsOf(id)).toEqual([{ value: 2 }]);
    mesh.expectQuiet();
  });

  test("nodes may call each other to and fro as deep as is allowed, and no deeper", () => {
    const mesh = new Mesh();
    const [a, b] = [mesh.node("a", { rpc: { depthMax: 3 } }), mesh.node("b", { peers: ["a"], rpc: { depthMax: 3 } })];
    a.offer("ping", byHand);
    b.offer("pong", byHand);
    mesh.advance(1_000);
    const turns = [
      [a, "ping"],
      [b, "pong"],
      [a, "ping"],
      [b, "pong"],
    ] as const;
    const first = b.call("ping");
    let tooDeep = first;
    turns.forEach(([node, fun], depth) => {
      mesh.settle();
      const running = node.waiting(fun).at(-1)!;
      expect(running.depth).toBe(depth);
      tooDeep = node.call(fun === "ping" ? "pong" : "ping", [], { parent: running });
    });
    mesh.settle();
    expect(tooDeep.ends).toMatchObject([
      {
        error: {
          code: "too-deep",
          message: "Calls are nested 4 deep; the limit is 3",
          outcome: "not-applied",
          node: "b",
        },
      },
    ]);
    expect(first.ends).toEqual([]);
  });

  test("a handler's graphs are bound by the depth as its calls are", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { rpc: { depthMax: 0 } });
    a.offer("f", byHand);
    a.call("f");
    mesh.settle();
    const asked = a.request([{ fun: "f" }, { name: "g", fun: "f", args: [use("f")] }], { parent: a.waiting("f")[0]! });
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "too-deep" } }]);
  });
});

describe("the end of a call that has asked for others", () => {
  test("when it is cancelled, what it has asked for is, wherever that runs (K2)", () => {
    const { mesh, b, c, client } = row();
    const id = client.call("outer");
    mesh.settle();
    const [parent] = b.waiting("outer");
    const asked = [
      b.call("inner", [], { parent: parent! }),
      b.request([{ fun: "inner" }], { parent: parent! }),
      b.call("nowhere", [], { parent: parent!, waitForCapacityMs: 60_000 }),
    ];
    const own = b.call("inner");
    mesh.settle();
    client.cancel(id);
    mesh.settle();
    for (const { ends } of asked) {
      expect(ends).toMatchObject([
        { error: { code: "cancelled", message: "The call that asked for this was cancelled" } },
      ]);
    }
    expect(b.aborted).toEqual([{ fun: "outer", reason: "cancelled" }]);
    expect(c.aborted).toHaveLength(2);
    expect(own.ends).toEqual([]);
    for (const _ of c.waiting("inner")) c.finish("inner", 1);
    mesh.settle();
    expect(own.ends).toEqual([{ value: 1 }]);
    mesh.expectQuiet();
  });

  test("when its caller is gone, what it has asked for ends (K2)", () => {
    const { mesh, b, c, client } = row();
    client.call("outer");
    mesh.settle();
    const asked = b.call("inner", [], { parent: b.waiting("outer")[0]! });
    mesh.settle();
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "cancelled", outcome: "unknown" } }]);
    expect(c.aborted).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("when it has returned, what it has asked for goes on (K2)", () => {
    const { mesh, b, c, client } = row();
    client.call("outer");
    mesh.settle();
    const asked = b.call("inner", [], { parent: b.waiting("outer")[0]! });
    mesh.settle();
    b.finish("outer", 1);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    c.finish("inner", 2);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 2 }]);
    mesh.expectQuiet();
  });

  test("an ended call asks for nothing more (K2)", () => {
    const { mesh, b, c, client } = row();
    client.call("outer");
    mesh.settle();
    const [parent] = b.waiting("outer");
    b.finish("outer", 1);
    mesh.settle();
    const asked = [b.call("inner", [], { parent: parent! }), b.request([{ fun: "inner" }], { parent: parent! })];
    mesh.settle();
    const error = {
      code: "cancelled",
      message: 'The call of "outer" that asks for this has ended itself',
      outcome: "not-applied",
    };
    for (const { ends } of asked) expect(ends).toMatchObject([{ error }]);
    expect(c.invoked).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("the policy", () => {
  test("it is asked for every call, by whoever relays it and by whoever runs it (P1)", () => {
    const mesh = new Mesh();
    const asked: [node: string, subject: Subject, action: Action][] = [];
    const policyOf = (node: string) => (subject: Subject, action: Action) => {
      if (action.kind === "call") asked.push([node, subject, action]);
      return { allow: true } as const;
    };
    const a = mesh.node("a", { policy: policyOf("a") });
    const b = mesh.node("b", { peers: ["a"], policy: policyOf("b") });
    b.offer("f", () => 1);
    mesh.advance(1_000);
    mesh.client(a).call("f");
    mesh.settle();
    const client = { kind: "client", address: "10.0.0.1", credentials: undefined };
    const relaying = { kind: "node", address: "a", nodeId: a.id, name: "a", cluster: "default" };
    expect(asked).toMatchObject([
      ["a", { ...client, via: undefined }, { kind: "call", fun: "f", onBehalfOf: undefined }],
      [
        "b",
        { ...relaying, address: expect.any(String) },
        { kind: "call", fun: "f", onBehalfOf: { ...client, via: "a" } },
      ],
    ]);
  });

  test("a node's own calls are its own, wherever they run (P1)", () => {
    const mesh = new Mesh();
    const asked: Subject[] = [];
    const a = mesh.node("a");
    const b = mesh.node("b", {
      peers: ["a"],
      policy: (subject, action) => {
        if (action.kind === "call") asked.push(subject, action.onBehalfOf ?? { kind: "self" });
        return { allow: true };
      },
    });
    b.offer("f", byHand);
    mesh.advance(1_000);
    a.call("f");
    mesh.settle();
    expect(asked).toMatchObject([{ kind: "node", name: "a" }, { kind: "self" }]);
    expect(b.waiting("f")[0]!.caller).toMatchObject({ kind: "node", name: "a" });
  });

  test("whom it forbids a function calls it neither alone nor in a graph, and nothing starts (P1)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", {
      policy: (_subject, action) => {
        return action.kind === "call" && action.fun === "secret"
          ? { allow: false, reason: "it is secret" }
          : { allow: true };
      },
    });
    for (const fun of ["open", "secret"]) a.offer(fun, byHand);
    mesh.settle();
    const client = mesh.client(a);
    const ids = [client.call("secret"), client.request([{ fun: "open" }, { name: "the step", fun: "secret" }])];
    mesh.settle();
    const error = { code: "denied", message: 'Cannot call "secret": it is secret', outcome: "not-applied", node: "a" };
    for (const [index, step] of ["secret", "the step"].entries()) {
      expect(client.endsOf(ids[index]!)).toMatchObject([{ error: { ...error, step } }]);
    }
    expect(a.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("one that fails has refused, and is reported (P2)", () => {
    const mesh = new Mesh();
    const error = new Error("boom");
    const a = mesh.node("a", {
      policy: (_subject, action) => {
        if (action.kind === "call") throw error;
        return { allow: true };
      },
    });
    a.offer("f", byHand);
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("f");
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "denied" } }]);
    expect(a.events).toEqual([{ kind: "policy-failed", action: "call", error }]);
    expect(a.invoked).toEqual([]);
  });

  test("the node that runs it may forbid what the one that relays it allows (P1)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const b = mesh.node("b", {
      peers: ["a"],
      policy: (_subject, action) => {
        return action.kind === "call" && action.onBehalfOf?.kind === "client"
          ? { allow: false, reason: "no clients" }
          : { allow: true };
      },
    });
    b.offer("f", () => 1);
    mesh.advance(1_000);
    const own = a.call("f");
    const client = mesh.client(a);
    const id = client.call("f");
    mesh.settle();
    expect(own.ends).toEqual([{ value: 1 }]);
    expect(client.endsOf(id)).toMatchObject([
      { error: { code: "denied", message: 'Cannot call "f": no clients', node: "b", step: "f" } },
    ]);
    mesh.expectQuiet();
  });
});
