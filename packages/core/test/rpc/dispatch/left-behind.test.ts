/** What a handler has asked for and not waited for: it goes on when the handler has ended, for the client it has worked for. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { byHand } from "../../support/mesh-node.js";
import { use } from "../../support/requests.js";

const cancelled = { error: { code: "cancelled", message: expect.stringContaining("its client is gone") } };

/** a's client calls `outer` on a, which leaves a call of `inner` on b behind; `second` is another function of a. */
function cluster() {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b");
  for (const fun of ["outer", "middle", "second"]) a!.offer(fun, byHand);
  b!.offer("inner", byHand);
  mesh.settle();
  const client = mesh.client(a!);
  const leave = (options: { readonly detached?: boolean } = {}) => {
    mesh.settle();
    const asked = a!.call("inner", [], { parent: a!.waiting("outer")[0]!, ...options });
    mesh.settle();
    a!.finish("outer", 1);
    mesh.settle();
    return asked;
  };
  return { mesh, a: a!, b: b!, client, leave };
}

describe("what a handler leaves behind", () => {
  test("of a call goes on while its client is there, and ends when it is gone (B1)", () => {
    const { mesh, b, client, leave } = cluster();
    const id = client.call("outer");
    const asked = leave();
    expect(client.endsOf(id)).toEqual([{ value: 1 }]);
    mesh.advance(5_000);
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    expect(b.aborted).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("of a request goes on when that has ended, until its client is gone (B1)", () => {
    const { mesh, a, client, leave } = cluster();
    const id = client.request([{ fun: "outer" }, { fun: "second", args: [use("outer")] }]);
    const asked = leave();
    a.finish("second", 2);
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ outputs: expect.anything() }]);
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    mesh.expectQuiet();
  });

  test.for(["cancelled", "gone"])("of a request that runs on ends when that is %s (B1)", (how) => {
    const { mesh, client, leave } = cluster();
    const id = client.request([{ fun: "outer" }, { fun: "second", args: [use("outer")] }]);
    const asked = leave();
    expect(asked.ends).toEqual([]);
    if (how === "cancelled") client.cancel(id);
    else client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    mesh.expectQuiet();
  });

  test("by handlers that were called in turn ends so, too (N2)", () => {
    const { mesh, a, client } = cluster();
    client.call("outer");
    mesh.settle();
    a.call("middle", [], { parent: a.waiting("outer")[0]! });
    mesh.settle();
    const asked = a.call("inner", [], { parent: a.waiting("middle")[0]! });
    mesh.settle();
    a.finish("middle", 1);
    mesh.settle();
    a.finish("outer", 1);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    mesh.expectQuiet();
  });

  test.for([
    { what: "for a detached call", ask: { detached: true }, nested: { detached: false } },
    { what: "as a detached call", ask: { detached: false }, nested: { detached: true } },
  ])("$what goes on without its client (N1)", ({ ask, nested }) => {
    const { mesh, b, client, leave } = cluster();
    client.call("outer", [], ask);
    const asked = leave(nested);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toEqual([]);
    b.finish("inner", 3);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 3 }]);
    mesh.expectQuiet();
  });

  test("by the handlers of a map's items goes on until its client is gone (B1)", () => {
    const { mesh, a, client, leave } = cluster();
    const id = client.request([
      { name: "all", fun: "", map: { list: [1], steps: [{ fun: "outer", args: [use("item")] }] } },
    ]);
    const asked = leave();
    expect(client.endsOf(id)).toMatchObject([{ outputs: expect.anything() }]);
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    expect(a.waiting("outer")).toEqual([]);
    mesh.expectQuiet();
  });

  test("at another node than its client's goes on while that node is linked, and ends with its link (B1)", () => {
    const { mesh, a, b, client } = cluster();
    b.offer("there", byHand);
    mesh.advance(1_000);
    const id = client.call("there", [], { timeoutMs: 600_000 });
    mesh.settle();
    const asked = b.call("inner", [], { parent: b.waiting("there")[0]!, timeoutMs: 600_000 });
    mesh.settle();
    b.finish("there", 1);
    mesh.advance(10_000);
    expect([client.endsOf(id), asked.ends]).toEqual([[{ value: 1 }], []]);
    b.connectionTo(a).cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
  });

  test("by a run that was lost with its thread ends with the client while the call waits to be run again (B1)", () => {
    const { mesh, a, client } = cluster();
    a.offerAs("again", byHand, { idempotent: "yes" });
    client.call("again");
    mesh.settle();
    const asked = a.call("inner", [], { parent: a.waiting("again")[0]! });
    mesh.settle();
    a.fail("again", new MpregError("thread-lost", "The thread ended", { outcome: "unknown" }));
    mesh.settle();
    expect(asked.ends).toEqual([]);
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toMatchObject([cancelled]);
    mesh.expectQuiet();
  });

  test("has no more time than the call had", () => {
    const { mesh, client, leave } = cluster();
    client.call("outer", [], { timeoutMs: 4_000 });
    const asked = leave();
    mesh.advance(4_000);
    expect(asked.ends).toMatchObject([{ error: { code: "deadline" } }]);
    mesh.expectQuiet();
  });

  test("and that has ended is kept by nobody: its client's later end is nothing to it (B2)", () => {
    const { mesh, b, client, leave } = cluster();
    client.call("outer");
    const asked = leave();
    b.finish("inner", 3);
    mesh.settle();
    client.connection!.cut();
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 3 }]);
    mesh.expectQuiet();
  });
});
