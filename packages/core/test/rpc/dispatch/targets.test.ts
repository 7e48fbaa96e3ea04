/** Steps for one node, and steps that would rather run where there is more. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

/** Nodes a, b and c, linked; all offer `f`, ended by hand. */
function three() {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [a, b, c]) node.offer("f", byHand);
  mesh.settle();
  return { mesh, a, b, c };
}

describe("a step for one node", () => {
  test("runs there and nowhere else, named by its name or its id (P1)", () => {
    const { mesh, a, b, c } = three();
    for (const target of ["c", c.id]) for (let i = 0; i < 5; i++) a.call("f", [], { target });
    a.request([{ fun: "f", terms: { target: "a" } }]);
    mesh.settle();
    expect([a, b, c].map((node) => node.waiting("f").length)).toEqual([1, 0, 10]);
  });

  test("runs there through a neighbour, when there is no link (P1) (D7)", () => {
    const { mesh, a, b, c } = three();
    c.isListening = false;
    a.connectionTo(c).cut();
    mesh.advance(5_000);
    const asked = a.call("f", [], { target: "c" });
    mesh.advance(2_000);
    expect([a, b, c].map((node) => node.waiting("f").length)).toEqual([0, 0, 1]);
    c.finish("f", "through b");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "through b" }]);
  });

  test("is refused with its refusal: nobody else gets it (P1)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    a.offer("f", byHand);
    b.offerAs("f", byHand, { concurrencyMax: 1, queueMax: 0 });
    mesh.settle();
    a.call("f", [], { target: "b" });
    mesh.settle();
    const second = a.call("f", [], { target: "b" });
    mesh.settle();
    expect(errorOf(second)).toMatchObject({ code: "overloaded", outcome: "not-applied", node: "b" });
    expect(a.waiting("f")).toEqual([]);
  });

  test.each([
    ["zebra", 'no node of the name or id "zebra", where it is to run, is known; 3 nodes offer it'],
    ["bb", 'no node of the name or id "bb", where it is to run, is known; did you mean "b"?; 3 nodes offer it'],
  ])("named %s, which there is not, is refused", (target, why) => {
    const { mesh, a } = three();
    const asked = a.call("f", [], { target });
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "no-provider", message: `Cannot call "f": ${why}` });
  });

  test("is refused when that node does not offer the function, with these resources, in this version", () => {
    const { mesh, a, b } = three();
    b.offer("g", byHand, "gpu");
    mesh.settle();
    const asked = [
      a.call("g", [], { target: "c" }),
      a.call("g", [], { target: "b", resources: ["tpu"] }),
      a.call("g", [], { target: "b", version: "^1" }),
    ];
    mesh.settle();
    expect(asked.map(errorOf)).toMatchObject(
      [
        'node "c" does not offer it; 1 node offers it',
        'node "b" does not offer it with [tpu]; 1 node offers it with none of them',
        'node "b" does not offer it with version "^1"; 1 node offers it without a version',
      ].map((why) => ({ code: "no-provider", message: `Cannot call "g": ${why}` })),
    );
  });

  test("is refused when that node is down, and waits for it when it may", () => {
    const { mesh, a, c } = three();
    mesh.crash(c);
    mesh.advance(10_000);
    const [now, later] = [
      a.call("f", [], { target: "c" }),
      a.call("f", [], { target: "c", waitForCapacityMs: 20_000 }),
    ];
    mesh.settle();
    const message = 'Cannot call "f": node "c", where it is to run, is down; 2 nodes offer it';
    expect(errorOf(now)).toMatchObject({ code: "no-provider", outcome: "not-applied", message });
    const again = mesh.node("c", { peers: ["a"], incarnation: 2 });
    again.offer("f", byHand);
    mesh.advance(5_000);
    again.finish("f", "back");
    mesh.settle();
    expect(later.ends).toEqual([{ value: "back" }]);
  });
});

describe("a step that prefers resources", () => {
  test("runs where there are more of them as long as it can, and elsewhere otherwise (T2)", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    a.offer("f", byHand);
    b.offerAs("f", byHand, { resources: ["gpu"], concurrencyMax: 2, queueMax: 0 });
    c.offerAs("f", byHand, { resources: ["gpu", "ssd"], concurrencyMax: 2, queueMax: 0 });
    mesh.settle();
    const counts: number[][] = [];
    for (let i = 0; i < 5; i++) {
      a.call("f", [], { prefer: ["gpu", "ssd"] });
      mesh.settle();
      counts.push([a, b, c].map((node) => node.waiting("f").length));
    }
    expect(counts).toEqual([
      [0, 0, 1],
      [0, 0, 2],
      [0, 1, 2],
      [0, 2, 2],
      [1, 2, 2],
    ]);
  });
});
