/** Maps within maps in a cluster: what is lost runs again, however deep it was needed. */
import { describe, expect, test } from "vitest";
import { upTo, waited } from "../../support/mapping.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import { mapOf, use } from "../../support/requests.js";

const MiB = 1024 * 1024;
const big = (fill: number): Uint8Array => new Uint8Array(MiB / 4).fill(fill);

/** b and c make large values, which they keep; `wait` is ended by hand on d. */
function world(idempotent: "yes" | "no" = "yes", mapStepsMax = 1_000) {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc: { mapStepsMax } });
  const [b, c, d] = ["b", "c", "d"].map((name) => mesh.node(name, { peers: ["a"] })) as [MeshNode, MeshNode, MeshNode];
  mesh.advance(2_000);
  for (const node of [b, c]) {
    node.offerAs("load", () => [1, 2, 3].map(big), { idempotent: "yes" });
    node.offerAs("count", () => [upTo(3), big(0)], { idempotent: "yes" });
  }
  d.offerAs("wait", byHand, { idempotent });
  mesh.settle();
  const crashHolder = (): void => {
    mesh.crash([b, c].find(({ machine }) => machine.size.kept > 0)!);
  };
  /** Ends what waits, one after the other, until `asked` has ended. */
  const workOn = (asked: { readonly ends: readonly unknown[] }): void => {
    for (let turn = 0; turn < 40 && asked.ends.length === 0; turn++) {
      mesh.advance(1_000);
      if (waited(d).length > 0) d.finish("wait", waited(d)[0]);
    }
    mesh.advance(1_000);
  };
  /** A request of nested maps, the holder of whose input is lost when `cells` of the cells have been run. */
  const askAndLose = (depth: number, cells: number) => {
    const asked = a.request([{ fun: "load" }, nested(depth)], { timeoutMs: 100_000 });
    mesh.settle();
    for (let cell = 0; cell < cells; cell++) {
      d.finish("wait", cell);
      mesh.settle();
    }
    crashHolder();
    workOn(asked);
    return asked;
  };
  return { mesh, a, d, crashHolder, workOn, askAndLose };
}

/** For each row, for each cell: `wait` with the cell and what another step of the request has made. */
function nested(depth: number) {
  const innermost = { fun: "wait", args: [use("cell"), use("load", 0)] };
  let step: object = mapOf("cells", use("row"), [innermost], { item: "cell", concurrency: 1 });
  for (let level = 1; level < depth; level++)
    step = mapOf(`level${level}`, [use("row")], [step as never], { item: `x${level}` });
  return mapOf(
    "rows",
    [
      [0, 1],
      [2, 3],
    ],
    [step as never],
    { item: "row", concurrency: 1 },
  );
}

describe("a map in a map", () => {
  test("runs again with what its items take of the request around both, when that is lost among them (Q6) (A3)", () => {
    const { mesh, askAndLose } = world();
    const asked = askAndLose(1, 2);
    expect(asked.ends).toEqual([
      {
        outputs: [
          [
            [0, 1],
            [2, 3],
          ],
        ],
      },
    ]);
    mesh.expectQuiet();
  });

  test("is counted once, however often it runs: maps within it, too (C2)", () => {
    const { mesh, askAndLose } = world("yes", 6); // two rows, with two cells each
    const asked = askAndLose(1, 2);
    expect(asked.ends).toMatchObject([
      {
        outputs: [
          [
            [0, 1],
            [2, 3],
          ],
        ],
      },
    ]);
    mesh.expectQuiet();
  });

  test("does so at any depth", () => {
    const { mesh, askAndLose } = world();
    const asked = askAndLose(3, 2);
    expect(asked.ends).toEqual([{ outputs: [[[[[0, 1]]], [[[2, 3]]]]] }]);
    mesh.expectQuiet();
  });

  test("an item of it that is lost at its end runs again with its inner map, which is counted once (M7) (C2)", () => {
    const { mesh, a, crashHolder, workOn } = world("yes", 3); // one item of two steps, and one cell
    const cells = mapOf("cells", [7], [{ fun: "wait", args: [use("cell")] }], { item: "cell" });
    const rows = mapOf("rows", [0], [{ fun: "load" }, cells], { result: use("load", 0) });
    const asked = a.request([rows], { timeoutMs: 100_000 });
    mesh.settle();
    crashHolder();
    workOn(asked);
    expect(asked.ends).toEqual([{ outputs: [[big(1)]] }]);
    mesh.expectQuiet();
  });

  test("ends truthfully when its items may not run again", () => {
    const { mesh, d, askAndLose } = world("no");
    const asked = askAndLose(1, 1);
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", outcome: "applied" } }]);
    expect(d.invoked).toHaveLength(2);
    mesh.expectQuiet();
  });

  test("does so when the only row that has run is the one that has failed (A3)", () => {
    const { mesh, d, askAndLose } = world("no");
    const asked = askAndLose(1, 0); // the first cell has what it takes
    expect(asked.ends).toMatchObject([{ error: { code: "result-lost", outcome: "applied" } }]);
    expect(d.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("whose list is of the request around both has that made again when it is lost (Q6)", () => {
    const { mesh, a, d, crashHolder, workOn } = world();
    const cells = mapOf("cells", use("count", 0), [{ fun: "wait", args: [use("cell")] }], {
      item: "cell",
      concurrency: 1,
    });
    const rows = mapOf("rows", ["x", "y"], [cells], { item: "row", concurrency: 1 });
    const asked = a.request([{ fun: "count" }, rows], { timeoutMs: 100_000 });
    mesh.settle();
    for (const i of [0, 1, 2]) {
      if (i === 2) crashHolder(); // the second row has not fetched its list
      d.finish("wait", i);
      if (i < 2) mesh.settle();
    }
    workOn(asked);
    expect(asked.ends).toEqual([{ outputs: [[upTo(3), upTo(3)]] }]);
    mesh.expectQuiet();
  });
});
