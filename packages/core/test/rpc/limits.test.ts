/** What is refused because it is too much. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "../support/mesh-node.js";
import type { MeshClient, MeshClientOptions } from "../support/mesh-client.js";
import { use } from "../support/requests.js";

function single(
  node: MeshNodeOptions = {},
  client: MeshClientOptions = {},
): { readonly mesh: Mesh; readonly node: MeshNode; readonly client: MeshClient } {
  const mesh = new Mesh();
  const created = mesh.node("n", node);
  for (const fun of ["a", "b", "c", "d"]) created.offer(fun, byHand);
  mesh.settle();
  return { mesh, node: created, client: mesh.client(created, client) };
}

const big = "x".repeat(600);

describe("results that a request holds", () => {
  test("more than is allowed at a time fails the request, which has been applied", () => {
    const { mesh, node, client } = single({ rpc: { resultBytesMax: 1_000 } });
    const id = client.request([{ fun: "a" }, { fun: "b" }, { fun: "c", args: [use("a"), use("b")] }]);
    mesh.settle();
    for (const fun of ["a", "b"]) node.finish(fun, big);
    mesh.settle();
    const message = "The results that the request holds take 1206 bytes; the limit is 1000";
    expect(client.endsOf(id)).toMatchObject([
      { error: { code: "too-large", message, outcome: "applied", step: "b", node: "n" } },
    ]);
    expect(node.invoked).toHaveLength(2);
    mesh.expectQuiet();
  });

  test("a result counts no more once its last user has started (Q4)", () => {
    const { mesh, node, client } = single({ rpc: { resultBytesMax: 1_000 } });
    const id = client.request([
      { fun: "a" },
      { fun: "b", args: [use("a", "length"), use("a")] },
      { fun: "c", args: [use("b")] },
    ]);
    for (const fun of ["a", "b", "c"]) {
      mesh.settle();
      node.finish(fun, big);
    }
    mesh.settle();
    expect(client.endsOf(id)).toEqual([{ outputs: [big] }]);
  });

  test("a result that one of its users still waits for counts (Q4)", () => {
    const { mesh, node, client } = single({ rpc: { resultBytesMax: 1_000 } });
    // d waits for c: a's result is held for it
    const steps = [
      { fun: "a" },
      { fun: "b", args: [use("a")] },
      { fun: "c" },
      { fun: "d", args: [use("a"), use("c"), use("b")] },
    ];
    const id = client.request(steps);
    for (const fun of ["a", "b"]) {
      mesh.settle();
      node.finish(fun, big);
    }
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "too-large" } }]);
  });

  test("an output counts to the end, a result that nobody takes does not (Q4)", () => {
    const { mesh, node, client } = single({ rpc: { resultBytesMax: 1_000 } });
    const nobodys = client.request([{ fun: "a" }, { fun: "b" }, { fun: "c" }], { outputs: [use("c")] });
    const kept = client.request([{ fun: "a" }, { fun: "b", args: [use("a")] }], { outputs: [use("a"), use("b")] });
    for (const fun of ["a", "b", "c", "a", "b"]) {
      mesh.settle();
      node.finish(fun, big);
    }
    mesh.settle();
    expect(client.endsOf(nobodys)).toEqual([{ outputs: [big] }]);
    expect(client.endsOf(kept)).toMatchObject([{ error: { code: "too-large" } }]);
    mesh.expectQuiet();
  });
});

describe("answers", () => {
  const small = { limits: { messageBytesMax: 10_000 } };

  test("a result that is larger than a message of the caller is fetched in smaller ones (K4)", () => {
    const { mesh, node, client } = single({}, small);
    const ids = [client.call("a"), client.request([{ fun: "b" }])];
    mesh.settle();
    for (const fun of ["a", "b"]) node.finish(fun, "x".repeat(30_000));
    mesh.settle();
    expect(ids.map((id) => client.endsOf(id))).toEqual([
      [{ value: "x".repeat(30_000) }],
      [{ outputs: ["x".repeat(30_000)] }],
    ]);
    expect(Math.max(...client.heardBytes)).toBeLessThanOrEqual(10_000);
    mesh.expectQuiet();
  });

  test("a caller that accepts next to nothing is answered all the same (K1)", () => {
    const { mesh, node, client } = single({}, { limits: { messageBytesMax: 1_024 } });
    const odd = "€".repeat(341); // 1,023 bytes
    const ids = [client.call("a"), client.request([{ name: odd, fun: "b" }])];
    mesh.settle();
    node.finish("a", "x".repeat(10_000));
    node.fail("b", new MpregError("handler-error", "€".repeat(10_000), { outcome: "applied", node: odd }));
    mesh.settle();
    expect(client.endsOf(ids[0]!)).toEqual([{ value: "x".repeat(10_000) }]);
    expect(client.endsOf(ids[1]!)).toMatchObject([{ error: { code: "handler-error", outcome: "applied" } }]);
    expect(Math.max(...client.heardBytes)).toBeLessThanOrEqual(1_024);
    mesh.expectQuiet();
  });

  test("a long error is cut, and stays what it is (K1)", () => {
    const { mesh, node, client } = single({}, small);
    const id = client.call("a");
    mesh.settle();
    node.fail("a", new MpregError("invalid-input", "e".repeat(50_000)));
    mesh.settle();
    const message = expect.stringMatching(/^e{50,}…$/);
    expect(client.endsOf(id)).toMatchObject([
      { error: { code: "invalid-input", message, outcome: "not-applied", step: "a", node: "n" } },
    ]);
    mesh.expectQuiet();
  });

  test("whatever an answer is made of, the caller can take it (K1)", () => {
    const { mesh, node, client } = single({}, small);
    // many steps whose names and errors are long: the answer is in the reports and in the summary
    const steps = Array.from({ length: 40 }, (_, i) => ({
      name: `${i}-${"n".repeat(200)}`,
      fun: i % 2 === 0 ? "a" : "b",
    }));
    const ids = [client.request(steps, { settle: true }), client.request(steps, { outputs: [], summary: true })];
    ids.push(client.call("c"));
    mesh.settle();
    for (let i = 0; i < 40; i++) node.finish("a", 1);
    for (let i = 0; i < 20; i++)
      node.fail("b", new MpregError("handler-error", "e".repeat(1_000), { outcome: "applied" }));
    for (let i = 0; i < 20; i++) node.finish("b", 1);
    node.fail("c", new MpregError("handler-error", "e".repeat(50_000), { outcome: "applied" }));
    mesh.settle();
    expect(ids.map((id) => client.endsOf(id).length)).toEqual([1, 1, 1]);
    expect(Math.max(...client.heardBytes)).toBeLessThanOrEqual(10_000);
    mesh.expectQuiet();
  });
});

describe("what one link may ask for", () => {
  test("no more calls than are allowed at a time, and the rest is told so (X1)", () => {
    const { mesh, node, client } = single({ rpc: { asksPerLinkMax: 2 } });
    const ids = [client.call("a"), client.request([{ fun: "a" }]), client.call("a"), client.request([{ fun: "a" }])];
    mesh.settle();
    expect(ids.map((id) => client.endsOf(id).length)).toEqual([0, 0, 1, 1]);
    const message = "This link has 2 unanswered calls; the limit is 2";
    expect(client.endsOf(ids[2]!)).toMatchObject([
      { error: { code: "overloaded", message, outcome: "not-applied", node: "n" } },
    ]);
    for (let i = 0; i < 2; i++) node.finish("a", 1);
    mesh.settle();
    const again = client.call("b");
    mesh.settle();
    node.finish("b", 1);
    mesh.settle();
    expect(client.endsOf(again)).toEqual([{ value: 1 }]);
    mesh.expectQuiet();
  });

  test("an id that is in use ends the link, and with it what it asked for (X1)", () => {
    const { mesh, node, client } = single();
    client.call("a", [], { id: 7 });
    mesh.settle();
    client.call("b", [], { id: 7 });
    mesh.settle();
    expect(client.ends).toEqual([{ code: "malformed", reason: "id 7 is in use by an earlier call of this link" }]);
    expect(node.aborted).toEqual([{ fun: "a", reason: "caller-gone" }]);
    mesh.expectQuiet();
  });

  test("an id is free again when its answer was sent, however it ended (X1)", () => {
    const { mesh, node, client } = single();
    for (let i = 0; i < 2; i++) {
      client.call("nowhere", [], { id: 7 });
      mesh.settle();
      client.call("a", [], { id: 7 });
      mesh.settle();
      node.finish("a", i);
      mesh.settle();
      client.call("a", [], { id: 7 });
      mesh.settle();
      client.cancel(7);
      node.finish("a", "too late");
      mesh.settle();
    }
    expect(client.endsOf(7)).toHaveLength(6);
    expect(client.ends).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("handlers that run on a node", () => {
  test("no more than are allowed, and the rest is told so", () => {
    const { mesh, node, client } = single({ rpc: { executionsMax: 2, queuedMax: 0 } });
    const ids = [1, 2, 3].map(() => client.call("a"));
    mesh.settle();
    expect(client.endsOf(ids[2]!)).toMatchObject([
      {
        error: {
          code: "overloaded",
          message: 'Cannot run "a": 2 calls run and 0 wait on this node already',
          outcome: "not-applied",
          step: "a",
          node: "n",
        },
      },
    ]);
    for (let i = 0; i < 2; i++) node.finish("a", 1);
    mesh.settle();
    expect(ids.map((id) => client.endsOf(id).length)).toEqual([1, 1, 1]);
    mesh.expectQuiet();
  });
});
