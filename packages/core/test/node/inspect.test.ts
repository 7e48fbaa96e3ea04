import { expect, test } from "vitest";
import type { FunctionInfo, NodeInfo } from "../../src/node/index.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand, offerOf } from "../support/mesh-node.js";

function offersOf(node: MeshNode, fun: string): FunctionInfo["offers"] {
  return (node.inspect("functions") as FunctionInfo[]).find(({ name }) => name === fun)?.offers ?? [];
}

test("every node tells the version and the tags that a function was registered with", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b");
  a!.enter({ kind: "register", offer: { ...offerOf("f", ["gpu"]), version: "1.2.0", tags: ["text", "slow"] } });
  b!.enter({ kind: "register", offer: offerOf("f") });
  mesh.settle();
  const told = { node: "a", nodeId: a!.id, resources: ["gpu"], version: "1.2.0", tags: ["text", "slow"] };
  const idle = { load: { running: 0, abandoned: 0, queued: 0, limit: 100, refused: 0 } }; // nobody is told of another's
  for (const node of [a!, b!]) {
    expect(offersOf(node, "f")).toHaveLength(2);
    expect(offersOf(node, "f")).toContainEqual({ ...told, ...(node === a ? idle : {}) });
    const plain = { node: "b", nodeId: b!.id, resources: [], tags: [] };
    expect(offersOf(node, "f")).toContainEqual({ ...plain, ...(node === b ? idle : {}) });
  }
});

test("a node tells the version of what it offers to nobody but itself", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b");
  a!.enter({ kind: "register", offer: { ...offerOf("f"), version: "2.0.0", scope: "node" } });
  mesh.settle();
  expect(offersOf(a!, "f")).toMatchObject([{ node: "a", version: "2.0.0" }]);
  expect(offersOf(b!, "f")).toEqual([]);
});

test("a node tells how many handlers it runs itself", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b");
  const runningOf = (): unknown =>
    (a!.inspect("nodes") as NodeInfo[]).map(({ state, running }) => (state === "self" ? running : undefined));
  expect(runningOf()).toEqual([0, undefined]);
  a!.offer("f", byHand);
  mesh.settle();
  a!.call("f");
  b!.call("f");
  mesh.settle();
  expect(runningOf()).toEqual([2, undefined]);
  a!.finish("f", 1);
  mesh.settle();
  expect(runningOf()).toEqual([1, undefined]);
});

test("both sides of every link have measured it, and know how much runs at the other, within some seconds", () => {
  const mesh = new Mesh();
  const nodes = mesh.cluster("a", "b", "c", "d");
  mesh.advance(10_000);
  for (const node of nodes) {
    const others = (node.inspect("nodes") as NodeInfo[]).filter(({ state }) => state === "alive");
    expect(others.map(({ roundTripMs, running }) => [roundTripMs, running])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  }
});
