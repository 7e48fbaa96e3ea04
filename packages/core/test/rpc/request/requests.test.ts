import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";
import { type Step, use } from "../../support/requests.js";

const functions = ["a", "b", "c", "d", "e", "f"];

/** A node that offers the functions `a` to `f`, ended by hand. */
function single(options: MeshNodeOptions = {}): { readonly mesh: Mesh; readonly node: MeshNode } {
  const mesh = new Mesh();
  const node = mesh.node("n", options);
  for (const fun of functions) node.offer(fun, byHand);
  mesh.settle();
  return { mesh, node };
}

/** A request that calls each of its functions once, with the results of those named behind it. */
function graph(...steps: readonly string[]): Step[] {
  return steps.map(([fun = "", ...used]) => ({ fun, args: used.map((name) => use(name)) }));
}

/** The functions that run, in alphabetical order. */
function running(node: MeshNode): string {
  return functions.filter((fun) => node.waiting(fun).length > 0).join("");
}

describe("the order of steps", () => {
  test("a step starts the moment its own inputs are there, whatever else still runs (Q1)", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("a", "b", "ca", "dcb", "ed"));
    const seen: string[] = [];
    for (const fun of "acbde") {
      mesh.settle();
      seen.push(running(node));
      node.finish(fun, fun);
    }
    mesh.settle();
    expect(seen).toEqual(["ab", "bc", "b", "d", "e"]);
    expect(asked.ends).toEqual([{ outputs: ["e"] }]);
    mesh.expectQuiet();
  });

  test("steps may stand before those whose results they use (Q1)", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("ab", "bc", "c"));
    for (const fun of "cba") {
      mesh.settle();
      expect(running(node)).toBe(fun);
      node.finish(fun, fun);
    }
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: ["a"] }]);
  });

  test("in any graph every step starts once, after the last of its inputs and not later (Q1) (Q2)", () => {
    const acyclic = fc.integer({ min: 1, max: 6 }).chain((size) => {
      return fc.tuple(...Array.from({ length: size }, (_, step) => fc.subarray([...Array(step).keys()])));
    });
    fc.assert(
      fc.property(acyclic, fc.infiniteStream(fc.nat()), (uses, picks) => {
        const { mesh, node } = single();
        const asked = node.request(
          graph(...uses.map((used, step) => functions[step]! + used.map((other) => functions[other]!).join(""))),
        );
        const done = new Set<number>();
        while (done.size < uses.length) {
          mesh.settle();
          const ready = [...uses.keys()].filter(
            (step) => !done.has(step) && uses[step]!.every((other) => done.has(other)),
          );
          expect(running(node)).toBe(ready.map((step) => functions[step]!).join(""));
          expect(asked.ends).toEqual([]);
          const next = ready[picks.next().value! % ready.length]!;
          node.finish(functions[next]!, next);
          done.add(next);
        }
        mesh.settle();
        expect(node.invoked.map(({ fun }) => fun).toSorted()).toEqual(functions.slice(0, uses.length));
        expect(asked.ends).toHaveLength(1);
        mesh.expectQuiet();
      }),
      { numRuns: 60 },
    );
  });

  test("the parts that a step names are what its handler gets", () => {
    const { mesh, node } = single();
    node.offer("show", (...args) => args);
    const asked = node.request([
      { fun: "a" },
      {
        fun: "show",
        args: [
          use("a", "rows", 1),
          { whole: use("a"), count: use("a", "rows", "length") },
          [use("a", "rows", 1)],
          "plain",
        ],
      },
    ]);
    mesh.settle();
    node.finish("a", { rows: ["first", "second"] });
    mesh.settle();
    const whole = { rows: ["first", "second"] };
    expect(asked.ends).toEqual([{ outputs: [["second", { whole, count: 2 }, ["second"], "plain"]] }]);
  });

  test("outputs are what was asked for, in that order, used by others or not", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("a", "ba"), { outputs: [use("b", "x"), use("a"), use("b", "x")] });
    mesh.settle();
    node.finish("a", 1);
    mesh.settle();
    node.finish("b", { x: 2 });
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [2, 1, 2] }]);
  });

  test("a request may ask for nothing and ends when all of it has", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("a", "ba"), { outputs: [] });
    mesh.settle();
    node.finish("a", 1);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    node.finish("b", 2);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [] }]);
  });
});

describe("requests that cannot run", () => {
  test("nothing starts when some function has no provider, and the request was not applied (Q3)", () => {
    const { mesh, node } = single();
    const asked = node.request([{ fun: "a" }, { name: "last", fun: "nowhere", args: [use("a")] }]);
    mesh.settle();
    expect(node.invoked).toEqual([]);
    expect(asked.ends).toMatchObject([
      { error: { code: "no-provider", outcome: "not-applied", step: "last", node: "n" } },
    ]);
    mesh.expectQuiet();
  });

  test("a function is not provided when no node has all of the resources (Q3)", () => {
    const { mesh, node } = single();
    node.offer("g", byHand, "gpu");
    const asked = node.request([{ fun: "a" }, { fun: "g", resources: ["gpu", "model"] }]);
    mesh.settle();
    expect(node.invoked).toEqual([]);
    expect(asked.ends).toMatchObject([
      { error: { message: 'Cannot call "g": no node offers it with [gpu, model]; 1 node offers it with [gpu]' } },
    ]);
  });

  test.for([
    ["has no step", "empty-request", []],
    ["uses one name twice", "duplicate-step", [{ fun: "a" }, { fun: "a" }]],
    ["goes in a circle", "cycle", graph("ab", "ba")],
    ["uses a step that it does not have", "unknown-reference", [{ fun: "a", args: [use("z")] }]],
  ] as const)("a request that %s is refused whole", ([, code, steps]) => {
    const { mesh, node } = single();
    const asked = node.request(steps);
    const client = mesh.client(node);
    // a client that does not check its requests itself
    const id = code === "unknown-reference" ? undefined : client.request(steps);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code, outcome: "not-applied", node: "n" } }]);
    if (id !== undefined) expect(client.endsOf(id)).toEqual(asked.ends);
    expect(node.invoked).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("failures", () => {
  test("the first failure ends the request and stops what still runs (Q2) (Q5)", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("a", "b", "ca"));
    mesh.settle();
    node.fail("b", handlerError("broken"));
    mesh.settle();
    expect(node.aborted).toEqual([{ fun: "a", reason: "cancelled" }]);
    node.finish("a", "too late");
    mesh.settle();
    expect(node.invoked).toHaveLength(2);
    expect(asked.ends).toMatchObject([{ error: { code: "handler-error", message: "broken", step: "b", node: "n" } }]);
    mesh.expectQuiet();
  });

  test("the outcome tells of the whole request: applied what has ended, unknown what still runs", () => {
    const outcome = (given: "not-applied" | "applied", ...before: readonly string[]): unknown => {
      const { mesh, node } = single();
      const asked = node.request(graph("a", "b", "c"));
      mesh.settle();
      for (const fun of before) node.finish(fun, 1);
      node.fail("c", handlerError("broken", given));
      mesh.settle();
      const [end] = asked.ends;
      return end !== undefined && "error" in end ? end.error.outcome : end;
    };
    expect(outcome("not-applied", "a", "b")).toBe("applied");
    expect(outcome("not-applied", "a")).toBe("unknown");
    expect(outcome("applied", "a", "b")).toBe("applied");
    expect(outcome("applied")).toBe("unknown");
  });

  test("a part that a result does not have fails the step that needs it, with the way to it", () => {
    const { mesh, node } = single();
    const asked = node.request([{ fun: "a" }, { name: "second", fun: "b", args: [use("a", "rows", 7, "id")] }]);
    mesh.settle();
    node.finish("a", { rows: [] });
    mesh.settle();
    expect(asked.ends).toEqual([
      {
        error: {
          code: "path-missing",
          message: "Cannot take a.rows[7].id: a.rows has no 7",
          outcome: "applied",
          step: "second",
          node: "n",
        },
      },
    ]);
    expect(node.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("nothing more starts once one of several steps could not (Q5)", () => {
    const { mesh, node } = single();
    const asked = node.request([
      { fun: "a" },
      { fun: "b", args: [use("a", "missing")] },
      { fun: "c", args: [use("a")] },
    ]);
    mesh.settle();
    node.finish("a", {});
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "path-missing", step: "b" } }]);
    expect(node.invoked.map(({ fun }) => fun)).toEqual(["a"]);
    mesh.expectQuiet();
  });

  test("nothing starts behind a first step that cannot be sent (Q5)", () => {
    const mesh = new Mesh();
    const [near, far] = [mesh.node("near"), mesh.node("far", { peers: ["near"], limits: { messageBytesMax: 5_000 } })];
    near.offer("here", byHand);
    far.offer("there", byHand);
    mesh.advance(1_000);
    const asked = near.request([{ fun: "there", args: ["x".repeat(5_000)] }, { fun: "here" }]);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "too-large", outcome: "not-applied", step: "there" } }]);
    expect(near.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("an output that a result does not have fails the request when all has ended", () => {
    const { mesh, node } = single();
    const asked = node.request(graph("a"), { outputs: [use("a"), use("a", "toString")] });
    mesh.settle();
    node.finish("a", {});
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "path-missing",
          message: 'Cannot take a.toString: a has no "toString"',
          outcome: "applied",
          step: "a",
        },
      },
    ]);
  });
});

function handlerError(message: string, outcome: "not-applied" | "applied" = "applied"): MpregError {
  return new MpregError("handler-error", message, { outcome });
}
