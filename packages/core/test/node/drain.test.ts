/** A node that leaves, and what others still need of it. */
import { describe, expect, test } from "vitest";
import type { ResultRef } from "../../src/wire/index.js";
import { heard } from "../support/heard.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand, later } from "../support/mesh-node.js";
import { use } from "../support/requests.js";

const graceMs = 30_000;

function three(): { mesh: Mesh; a: MeshNode; b: MeshNode; c: MeshNode } {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  return { mesh, a, b, c };
}

function drained(node: MeshNode): unknown[] {
  return node.events.filter(({ kind }) => kind === "drained");
}

describe("a node that drains", () => {
  test("is said to drain to whoever names it as the only one, and not to be out of reach", () => {
    const { mesh, a, b, c } = three();
    for (const node of [b, c]) node.offer("f", byHand);
    mesh.settle();
    a.call("f", [], { target: "c", timeoutMs: 20_000 });
    mesh.settle();
    c.enter({ kind: "drain", graceMs });
    mesh.advance(1_000);
    const asked = a.call("f", [], { target: "c" });
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "no-provider",
          outcome: "not-applied",
          message: 'Cannot call "f": node "c", where it is to run, is draining and takes nothing new; 1 node offers it',
        },
      },
    ]);
  });

  test("waits for a stream that it only passes on (N4)", async () => {
    const { mesh, a, b } = three();
    b.offer("count", () =>
      (function* (): Generator {
        yield 1;
        yield later;
      })(),
    );
    mesh.settle();
    const client = mesh.client(a);
    const id = client.call("count");
    mesh.settle();
    const [end] = client.endsOf(id) as [{ readonly value: ResultRef }];
    const reader = client.read(end.value);
    const first = reader.next();
    mesh.settle();
    expect(await first).toEqual({ done: false, value: 1 });
    a.enter({ kind: "drain", graceMs });
    mesh.advance(5_000);
    expect(drained(a)).toEqual([]);
    await reader.return?.();
    mesh.advance(1_000);
    expect(drained(a)).toEqual([{ kind: "drained", left: 0 }]);
  });

  test("waits for the results that it keeps for a request of another (N4)", () => {
    const { mesh, a, b, c } = three();
    const big = new Uint8Array(200_000);
    c.offer("load", () => big);
    b.offer("wait", byHand);
    b.offer("length", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    const asked = a.request([{ fun: "load" }, { fun: "wait" }, { fun: "length", args: [use("load"), use("wait")] }]);
    mesh.settle();
    expect(c.machine.size).toMatchObject({ kept: 1, tasks: 0 });
    c.enter({ kind: "drain", graceMs });
    mesh.advance(5_000);
    expect(drained(c)).toEqual([]);
    b.finish("wait", 1);
    mesh.advance(1_000);
    expect(asked.ends).toEqual([{ outputs: [big.length] }]);
    expect(drained(c)).toEqual([{ kind: "drained", left: 0 }]);
  });

  test("does not wait for them beyond its grace time (N2)", () => {
    const { mesh, a, b, c } = three();
    c.offer("load", () => new Uint8Array(200_000));
    b.offer("wait", byHand);
    b.offer("length", (bytes: Uint8Array) => bytes.length);
    mesh.settle();
    a.request([{ fun: "load" }, { fun: "wait" }, { fun: "length", args: [use("load"), use("wait")] }], {
      timeoutMs: 100_000,
    });
    mesh.settle();
    c.enter({ kind: "drain", graceMs });
    mesh.advance(graceMs - 1);
    expect(drained(c)).toEqual([]);
    mesh.advance(1);
    expect(drained(c)).toEqual([{ kind: "drained", left: 0 }]);
  });

  test("tells of the requests that it finishes, to its clients and through others: a question is no work (N1)", () => {
    const { mesh, a, b } = three();
    a.offer("f", byHand);
    mesh.settle();
    const [asker, near, far] = [mesh.client(a), mesh.client(a), mesh.client(b)];
    asker.request([{ fun: "f" }]);
    mesh.settle();
    a.enter({ kind: "drain", graceMs });
    mesh.advance(1_000);
    for (const client of [near, far]) {
      const watched = client.watch(a.requestId());
      const traced = client.watch(a.requestId(), { now: true });
      const listed = client.requests("a");
      mesh.settle();
      expect(heard(client, watched).at(-1)).toEqual({ kind: "started", step: "f", node: "a", atMs: 0 });
      const requestId = a.requestId();
      expect(client.endsOf(traced)).toMatchObject([{ value: { requestId, state: "running" } }]);
      expect(client.endsOf(listed)).toMatchObject([{ value: { node: "a", requests: [{ requestId }] } }]);
    }
    a.finish("f", 1);
    mesh.settle();
    for (const client of [near, far])
      expect(heard(client, 1).slice(-2)).toMatchObject([{ kind: "finished" }, { kind: "answer" }]);
    mesh.advance(10_000);
    expect(drained(a)).toEqual([{ kind: "drained", left: 0 }]);
  });
});
