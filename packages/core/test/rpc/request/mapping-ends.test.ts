/** What is known of a map's items when it fails, and what they leave where large results are kept. */
import { expect, test } from "vitest";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { single } from "../../support/mapping.js";
import { mapOf, use } from "../../support/requests.js";

const MiB = 1024 * 1024;

/** Nodes a, which asks, and b, which offers `load` (large), `wait` (by hand) and `size`. */
function two() {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("load", () => new Uint8Array(3 * MiB));
  b.offer("wait", byHand);
  b.offer("size", (bytes: Uint8Array) => bytes.length);
  mesh.settle();
  return { mesh, a, b };
}

test("an item that cannot begin ends a map as applied of which others have ended (M5)", () => {
  const { mesh, node } = single();
  const steps = [{ fun: "double", args: [use("item", "x")] }];
  const asked = node.request([mapOf("all", [{ x: 1 }, {}], steps, { concurrency: 1 })]);
  mesh.settle();
  expect(asked.ends).toMatchObject([{ error: { code: "path-missing", step: "double[1]", outcome: "applied" } }]);
  mesh.expectQuiet();
});

test("what an item has come to is not fetched any more for a map that nobody wants, and let go where it is kept (I2) (M3)", () => {
  const { mesh, a, b } = two();
  const connection = a.connectionTo(b);
  const fromB = connection.from(
    connection.ends.find((each) => [...b.connections.values()].some(({ end }) => end === each))!,
  );
  const asked = a.request([mapOf("all", [1, 2], [{ fun: "wait", args: [use("item")] }])]);
  mesh.settle();
  fromB.holdsAfter = 0;
  b.finish("wait", new Uint8Array(3 * MiB));
  fromB.release(1); // that it is kept
  mesh.settle();
  expect([a.machine.size.fetches, b.machine.size.kept]).toEqual([1, 1]);
  a.enter({ kind: "withdraw", ticket: asked.ticket });
  mesh.settle();
  expect(a.machine.size.fetches).toBe(0);
  fromB.release();
  mesh.settle();
  mesh.expectQuiet();
});

test("what all items come to may be the result of a step around the map, which others need after it (I2)", () => {
  const { mesh, a } = two();
  const result = use("load");
  const asked = a.request([
    { fun: "load" },
    mapOf("all", [1, 2], [{ name: "own", fun: "size", args: [use("load")] }], { concurrency: 1, result }),
    { fun: "size", args: [use("load")] },
    { name: "after", fun: "size", args: [use("all", 1)] },
  ]);
  mesh.settle();
  expect(asked.ends).toEqual([{ outputs: [3 * MiB, 3 * MiB] }]);
  mesh.expectQuiet();
});
