/** How calls and requests end before they are done: cancelled, too late, or because nobody waits any more. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import type { MeshClient } from "../support/mesh-client.js";
import { type Asked, type MeshNode, byHand } from "../support/mesh-node.js";
import { use } from "../support/requests.js";

/** A client of a; b offers `f` and `g`, ended by hand. */
function relay(): { readonly mesh: Mesh; readonly a: MeshNode; readonly b: MeshNode; readonly client: MeshClient } {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  for (const fun of ["f", "g"]) b.offer(fun, byHand);
  mesh.settle();
  return { mesh, a, b, client: mesh.client(a) };
}

function onlyEnd({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return ends[0];
}

describe("cancelling", () => {
  test("a call that is cancelled is answered once and stops where it runs (V1) (V2)", () => {
    const { mesh, b, client } = relay();
    const id = client.call("f");
    mesh.settle();
    client.cancel(id);
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "cancelled", outcome: "unknown" } }]);
    expect(b.aborted).toEqual([{ fun: "f", reason: "cancelled" }]);
    b.finish("f", "too late");
    mesh.settle();
    expect(client.endsOf(id)).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("a request that is cancelled stops all of its steps and starts no more (Q5)", () => {
    const { mesh, a, b, client } = relay();
    a.offer("here", byHand);
    mesh.settle();
    const id = client.request([{ fun: "f" }, { fun: "here" }, { fun: "g", args: [use("f")] }]);
    mesh.settle();
    b.finish("f", 1);
    client.cancel(id);
    mesh.settle();
    expect([a.aborted.length + b.aborted.length, client.endsOf(id).length]).toEqual([2, 1]);
    expect(b.invoked.map(({ fun }) => fun)).toEqual(["f", "g"]);
    mesh.expectQuiet();
  });

  test("cancelling what has ended, or never was, changes nothing", () => {
    const { mesh, b, client } = relay();
    const id = client.call("f");
    mesh.settle();
    b.finish("f", 1);
    mesh.settle();
    client.cancel(id);
    client.cancel(4_711);
    mesh.settle();
    expect(client.endsOf(id)).toEqual([{ value: 1 }]);
    expect([client.heard.length, client.ends]).toEqual([1, []]);
  });

  test("a cancel that crosses the answer leaves one end (V1) (X2)", () => {
    const { mesh, a, b } = relay();
    const asked = a.call("f");
    mesh.settle();
    b.finish("f", "crossing");
    a.enter({ kind: "withdraw", ticket: asked.ticket });
    mesh.settle();
    expect(asked.ends).toHaveLength(1);
    mesh.expectQuiet();
  });
});

describe("deadlines", () => {
  test("a call ends when its time is up, here and where it runs", () => {
    const { mesh, b, client } = relay();
    const id = client.call("f", [], { timeoutMs: 1_000 });
    mesh.advance(999);
    expect(client.endsOf(id)).toEqual([]);
    mesh.advance(1);
    expect(client.endsOf(id)).toEqual([
      {
        error: {
          code: "deadline",
          message: 'The time allowed for "f" ran out before node "b" answered',
          outcome: "unknown",
          step: "f",
          node: "b",
        },
      },
    ]);
    expect(b.aborted).toEqual([{ fun: "f", reason: expect.stringMatching(/deadline|cancelled/) }]);
    mesh.expectQuiet();
  });

  test("what only waited on its node when its time was up is not said to have run there", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offerAs("f", byHand, { concurrencyMax: 1 });
    mesh.settle();
    a.call("f", [], { timeoutMs: 10_000 });
    mesh.settle();
    const asked = a.call("f", [], { timeoutMs: 1_000 });
    mesh.settle();
    expect(b.machine.size).toMatchObject({ running: 1, queued: 1 });
    // what b says of it does not come in time
    for (const { connection } of b.connections.values())
      for (const end of connection.ends) connection.from(end).isHeld = true;
    mesh.advance(1_000);
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "deadline",
          outcome: "unknown",
          message: 'The time allowed for "f" ran out before node "b" answered',
        },
      },
    ]);
  });

  test("the node that runs a step is told how much time is left", () => {
    const { mesh, b, client } = relay();
    client.call("f", [], { timeoutMs: 1_000 });
    mesh.settle();
    expect(b.invoked[0]!.deadlineMs).toBe(mesh.nowMs + 1_000);
  });

  test("a step's own time counts from when its inputs are there, and ends the request", () => {
    const { mesh, b, client } = relay();
    const id = client.request([{ fun: "f" }, { name: "second", fun: "g", args: [use("f")], timeoutMs: 500 }]);
    mesh.advance(10_000);
    b.finish("f", 1);
    mesh.advance(499);
    expect(client.endsOf(id)).toEqual([]);
    mesh.advance(1);
    expect(client.endsOf(id)).toMatchObject([
      { error: { code: "deadline", outcome: "unknown", step: "second", node: "b" } },
    ]);
    mesh.expectQuiet();
  });

  test("a step's own time ends what else runs for the request elsewhere, though that has time left (Q5)", () => {
    const { mesh, b, client } = relay();
    client.request([{ fun: "f", timeoutMs: 100 }, { fun: "g" }]);
    mesh.advance(102);
    expect(b.aborted).toContainEqual({ fun: "f", reason: "deadline" });
    expect(b.aborted).toContainEqual({ fun: "g", reason: "cancelled" });
    mesh.expectQuiet();
  });

  test("a step's own time is no longer than the request's", () => {
    const { mesh, b, client } = relay();
    client.request([{ fun: "f", timeoutMs: 60_000 }], { timeoutMs: 1_000 });
    mesh.settle();
    expect(b.invoked[0]!.deadlineMs).toBe(mesh.nowMs + 1_000);
  });

  test("a request that is late names a step that had not ended, and how many", () => {
    const { mesh, b, client } = relay();
    const id = client.request([{ fun: "f" }, { fun: "g", args: [use("f")] }], { timeoutMs: 1_000 });
    mesh.settle();
    b.finish("f", 1);
    mesh.advance(1_000);
    expect(client.endsOf(id)).toMatchObject([
      {
        error: {
          code: "deadline",
          outcome: "unknown",
          step: "g",
          node: "a",
          message: 'The time allowed for the request ran out; 1 of 2 steps had not ended, "g" among them',
        },
      },
    ]);
    mesh.expectQuiet();
  });

  test("who names no time gets the node's default, who names more than is allowed what is allowed", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { rpc: { timeoutMs: 3_000, timeoutMsMax: 7_000 } });
    node.offer("f", byHand);
    for (const timeoutMs of [0, 5_000, 60_000]) node.call("f", [], { timeoutMs });
    mesh.settle();
    expect(node.invoked.map(({ deadlineMs }) => deadlineMs - mesh.nowMs)).toEqual([3_000, 5_000, 7_000]);
  });
});

describe("a caller that is gone", () => {
  test("everything it asked for stops, wherever it runs (V2) (Q5) (U1)", () => {
    const { mesh, a, b, client } = relay();
    a.offer("here", byHand);
    mesh.settle();
    client.call("f");
    client.request([{ fun: "g" }, { fun: "here" }]);
    client.call("nowhere", [], { waitForCapacityMs: 60_000 });
    mesh.settle();
    expect(a.machine.size).toMatchObject({ requests: 1, running: 1, waiting: 1 });
    client.connection!.cut();
    mesh.settle();
    expect(a.aborted).toEqual([{ fun: "here", reason: "caller-gone" }]);
    expect(b.aborted.map(({ fun }) => fun).toSorted()).toEqual(["f", "g"]);
    mesh.expectQuiet();
  });

  test("what others asked for goes on (U1)", () => {
    const { mesh, a, b, client } = relay();
    const other = mesh.client(a);
    const id = other.call("f");
    client.call("f");
    mesh.settle();
    client.link.end({ code: "closing", reason: "" }, mesh.nowMs);
    mesh.settle();
    b.finish("f", 1);
    mesh.settle();
    if (other.endsOf(id).length === 0) b.finish("f", 1);
    mesh.settle();
    expect(other.endsOf(id)).toEqual([{ value: 1 }]);
    mesh.expectQuiet();
  });

  test("a node that is gone stops the steps it had sent (V2)", () => {
    const { mesh, a, b } = relay();
    const asked = a.call("f");
    mesh.settle();
    a.connectionTo(b).cut();
    mesh.settle();
    expect(b.aborted).toEqual([{ fun: "f", reason: "caller-gone" }]);
    expect(onlyEnd(asked)).toMatchObject({ error: { code: "node-lost" } });
    mesh.expectQuiet();
  });
});
