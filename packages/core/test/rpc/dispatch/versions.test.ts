/** Several versions of one function: which of them runs a step, and what is said when none can. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

/** Nodes a, b and c, linked; `offers` says in which versions b and c have `f`, ended by hand. */
function three(offers: Readonly<Record<"b" | "c", readonly (string | undefined)[]>>) {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [b, c]) {
    for (const version of offers[node.name as "b" | "c"]) node.offerAs("f", byHand, { version });
  }
  mesh.settle();
  return { mesh, a, b, c };
}

/** Where the handlers of `f` run, and in which version. */
function running(...nodes: readonly MeshNode[]): string[] {
  return nodes
    .flatMap((node) => node.waiting("f").map(({ version }) => `${node.name} ${version ?? "none"}`))
    .toSorted();
}

describe("a step", () => {
  test.each([
    [undefined, "c 2.1.0"],
    ["^1", "b 1.4.0"],
    ["1.2.0", "c 1.2.0"],
    ["^2", "c 2.1.0"],
    ["<2.1", "b 2.0.0"],
  ])("that asks for version %s runs as %s: the highest one that will do", (version, expected) => {
    const { mesh, a, b, c } = three({ b: [undefined, "1.4.0", "2.0.0"], c: ["1.2.0", "2.1.0"] });
    for (let i = 0; i < 5; i++) a.call("f", [], { version });
    mesh.settle();
    expect(running(a, b, c)).toEqual(Array.from({ length: 5 }, () => expected));
  });

  test("of a request has a version of its own", () => {
    const { mesh, a, b, c } = three({ b: ["1.0.0", "2.0.0"], c: [] });
    const asked = a.request([
      { name: "old", fun: "f", terms: { version: "1" } },
      { name: "new", fun: "f" },
    ]);
    mesh.settle();
    expect(running(b, c)).toEqual(["b 1.0.0", "b 2.0.0"]);
    b.finish("f", 1);
    b.finish("f", 2);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [1, 2] }]);
    mesh.expectQuiet();
  });

  test("gets a lower version only when no node with the higher one is left (R1)", () => {
    const { mesh, a, b, c } = three({ b: ["1.0.0"], c: [] });
    c.offerAs("f", byHand, { version: "2.0.0", concurrencyMax: 2, queueMax: 0 });
    mesh.settle();
    for (let i = 0; i < 3; i++) a.call("f");
    mesh.settle();
    expect(running(b, c)).toEqual(["b 1.0.0", "c 2.0.0", "c 2.0.0"]);
  });

  test("that travels through a neighbour runs as the version that was chosen", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    c.offerAs("f", byHand, { version: "1.0.0" });
    c.offerAs("f", byHand, { version: "2.0.0" });
    mesh.settle();
    c.isListening = false;
    a.connectionTo(c).cut();
    mesh.advance(5_000);
    a.call("f", [], { version: "1" });
    mesh.advance(2_000);
    expect(running(a, b, c)).toEqual(["c 1.0.0"]);
  });
});

describe("a version", () => {
  test("is withdrawn without the others, on every node", () => {
    const { mesh, a, b } = three({ b: [undefined, "1.0.0", "2.0.0"], c: [] });
    b.enter({ kind: "unregister", fun: "f", version: "2.0.0" });
    mesh.settle();
    a.call("f");
    mesh.settle();
    expect(running(b)).toEqual(["b 1.0.0"]);
    b.enter({ kind: "unregister", fun: "f", version: "1.0.0" });
    mesh.settle();
    a.call("f");
    mesh.settle();
    expect(running(b)).toEqual(["b 1.0.0", "b none"]);
    b.enter({ kind: "unregister", fun: "f" });
    mesh.settle();
    const nobody = a.call("f");
    mesh.settle();
    expect(errorOf(nobody)).toMatchObject({ code: "no-provider" });
  });

  test("has a bound of its own on how many calls run", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a") as [MeshNode];
    a.offerAs("f", byHand, { version: "1.0.0", concurrencyMax: 1, queueMax: 0 });
    a.offerAs("f", byHand, { version: "2.0.0", concurrencyMax: 1, queueMax: 0 });
    mesh.settle();
    for (let i = 0; i < 3; i++) a.call("f");
    mesh.settle();
    expect(running(a)).toEqual(["a 1.0.0", "a 2.0.0"]);
  });
});

describe("when no version will do", () => {
  test("those that there are, are told", () => {
    const { mesh, a } = three({ b: ["1.4.0"], c: ["1.2.0", "1.4.0", undefined] });
    const asked = a.call("f", [], { version: "^2" });
    mesh.settle();
    const message =
      'Cannot call "f": no node offers it with version "^2"; 2 nodes offer it in versions 1.2.0, 1.4.0 and without one';
    expect(errorOf(asked)).toMatchObject({ code: "no-provider", outcome: "not-applied", message });
  });

  test("the step waits for one, when it may", () => {
    const { mesh, a, c } = three({ b: ["1.4.0"], c: [] });
    const asked = a.call("f", [], { version: "^2", waitForCapacityMs: 10_000 });
    mesh.advance(1_000);
    expect(asked.ends).toEqual([]);
    c.offerAs("f", byHand, { version: "2.0.0" });
    mesh.settle();
    c.finish("f", "at last");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "at last" }]);
    mesh.expectQuiet();
  });

  test.each([
    ["a call", (node: MeshNode, version: string) => node.call("f", [], { version, waitForCapacityMs: 5_000 })],
    ["a request", (node: MeshNode, version: string) => node.request([{ fun: "f", terms: { version } }])],
  ])("because it is no range, %s is refused at once", (_what, ask) => {
    const { mesh, a } = three({ b: ["1.4.0"], c: [] });
    const asked = ask(a, "newest");
    mesh.settle();
    const message =
      'Cannot call "f": version must be a range of versions, such as "^2", "1.4.0" or ">=1.2 <3", got "newest"';
    expect(errorOf(asked)).toMatchObject({ code: "invalid-argument", outcome: "not-applied", step: "f", message });
  });
});
