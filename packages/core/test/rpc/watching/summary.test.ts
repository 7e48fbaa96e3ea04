import { describe, expect, test } from "vitest";
import type { RequestSummary } from "../../../src/rpc/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { type Outcome, codec, use } from "../../support/requests.js";

function summaryOf([end]: readonly Outcome[]): RequestSummary {
  if (end === undefined || !("summary" in end) || end.summary === undefined) throw new Error("no summary");
  return end.summary;
}

/** a's client; b offers `f`. The test ends both by hand, which took 1 ms of waiting and 2 ms of running. */
function relay() {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("f", byHand);
  a.offer("here", byHand);
  mesh.settle();
  return { mesh, a, b, client: mesh.client(a) };
}

describe("the summary of a request", () => {
  test("it tells of every step where it ran and where its time went", () => {
    const { mesh, a, b, client } = relay();
    const id = client.request([{ fun: "here" }, { name: "second", fun: "f", args: [use("here")] }], { summary: true });
    mesh.advance(10);
    a.finish("here", "abc");
    mesh.settle();
    mesh.advance(13);
    b.finish("f", 1);
    mesh.settle();
    const here = {
      name: "here",
      fun: "here",
      node: "a",
      readyMs: 0,
      startMs: 1,
      queueMs: 1,
      networkMs: 0,
      runMs: 2,
      bytesIn: 1,
      bytesOut: 4,
      attempts: 1,
    };
    // 10 of its 13 ms it was on its way; half of that is taken for the way there
    const second = {
      name: "second",
      fun: "f",
      node: "b",
      readyMs: 10,
      startMs: 16,
      queueMs: 1,
      networkMs: 10,
      runMs: 2,
      bytesIn: codec.encodeTemplate([use("here")], "args", () => 0).length + 4,
      bytesOut: 1,
      attempts: 1,
      inputs: ["here"],
    };
    const { requestId, ...summary } = summaryOf(client.endsOf(id));
    expect(summary).toEqual({ coordinator: "a", totalMs: 23, steps: [here, second] });
    expect(requestId).toBe(a.requestId());
    mesh.expectQuiet();
  });

  test("a single call has one, too", () => {
    const { mesh, b, client } = relay();
    const ids = [client.call("f", [], { summary: true }), client.call("f")];
    mesh.settle();
    for (let i = 0; i < 2; i++) b.finish("f", i);
    mesh.settle();
    expect(summaryOf(client.endsOf(ids[0]!)).steps).toMatchObject([{ name: "f", node: "b", queueMs: 1, runMs: 2 }]);
    expect(client.endsOf(ids[1]!)).toEqual([{ value: 1 }]);
  });

  test("the time a step waited for capacity is waiting", () => {
    const { mesh, a, client } = relay();
    const id = client.call("late", [], { summary: true, waitForCapacityMs: 60_000 });
    mesh.advance(500);
    a.offer("late", byHand);
    mesh.settle();
    a.finish("late", 1);
    mesh.settle();
    expect(summaryOf(client.endsOf(id)).steps).toMatchObject([{ readyMs: 0, startMs: 501, queueMs: 501 }]);
  });

  test("each request of a node has a number of its own", () => {
    const { mesh, a, client } = relay();
    const ids = [1, 2, 3].map(() => client.call("here", [], { summary: true }));
    mesh.settle();
    for (const _ of ids) a.finish("here", 1);
    mesh.settle();
    expect(new Set(ids.map((id) => summaryOf(client.endsOf(id)).requestId)).size).toBe(3);
  });

  test("the node's own program gets it as it is", () => {
    const { mesh, a } = relay();
    const asked = a.request([{ fun: "here" }], { summary: true });
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    expect(summaryOf(asked.ends).steps).toHaveLength(1);
  });
});

test("a node that is started again gives no id of its earlier life a second time (V4)", () => {
  const mesh = new Mesh();
  const idsOf = (node: MeshNode): string[] => {
    node.offer("f", () => 1);
    const asked = Array.from({ length: 20 }, () => node.request([{ fun: "f" }], { summary: true }));
    mesh.settle();
    return asked.map(({ ends }) => summaryOf(ends).requestId);
  };
  const first = mesh.node("n", { key: "kept" });
  const before = idsOf(first);
  mesh.crash(first);
  const after = idsOf(mesh.node("n", { key: "kept" }));
  expect(new Set([...before, ...after].map((id) => id.slice(0, 9)))).toEqual(new Set([`${first.id.slice(0, 8)}-`]));
  expect(new Set([...before, ...after]).size).toBe(40);
});
