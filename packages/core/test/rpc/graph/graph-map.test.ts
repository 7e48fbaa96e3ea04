/** graph.map: what the builder makes of it. How it runs is `mapping.test.ts`. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Graph } from "../../../src/rpc/graph/graph.js";
import type { RequestFields } from "../../../src/rpc/index.js";
import type { RefTo } from "../../../src/rpc/graph/ref-type.js";
import { callsOf, everyStep } from "../../../src/rpc/graph/plan.js";
import { ref } from "../../../src/rpc/graph/ref.js";
import { createHeld } from "../../support/asking.js";
import { Mesh } from "../../support/mesh.js";

interface Photo {
  readonly url: string;
  readonly sizes: readonly number[];
}

/** Runs what `build` makes on a node that knows a few functions; answers the end of it. */
async function ran(build: (graph: Graph) => unknown): Promise<unknown> {
  const mesh = new Mesh();
  const node = mesh.node("n");
  node.offer("photos", () => [
    { url: "a", sizes: [1, 2] },
    { url: "b", sizes: [3] },
  ]);
  node.offer("join", (...parts: unknown[]) => parts.join("-"));
  node.offer("count", (list: unknown[]) => list.length);
  mesh.settle();
  const { held, caller } = createHeld();
  const graph = caller.graph();
  const answer = graph.run(build(graph));
  const [ask] = held.asks;
  if (ask === undefined) return answer;
  const { ends } = node.run(ask.fields as RequestFields);
  mesh.settle();
  mesh.expectQuiet();
  return ends[0];
}

describe("graph.map", () => {
  test("maps the list of another step: each is built once, for any item", async () => {
    let built = 0;
    const end = await ran((graph) => {
      const photos = graph.call<Photo[]>("photos");
      return graph.map(photos, (photo) => {
        built += 1;
        return graph.call<string>("join", [photo.url, "small"]);
      });
    });
    expect([built, end]).toEqual([1, { outputs: [["a-small", "b-small"]] }]);
  });

  test("maps an array of this side, in which references may stand", async () => {
    const end = await ran((graph) => {
      const photos = graph.call<Photo[]>("photos");
      return graph.map(["x", photos.at(1).url, { deep: [photos.at(0).url] }], (item) => graph.call("join", [item]));
    });
    expect(end).toEqual({ outputs: [["x", "b", "[object Object]"]] });
  });

  test("gives its list to other steps, whole and in parts", async () => {
    const end = await ran((graph) => {
      const urls = graph.map(graph.call<Photo[]>("photos"), (photo) => graph.call<string>("join", [photo.url, 1]));
      return [graph.call("count", [urls]), graph.call("join", [urls.at(1), urls.length])];
    });
    expect(end).toEqual({ outputs: [2, "b-1-2"] });
  });

  test("takes results from outside, of any depth of maps, and comes to parts of what it has called", async () => {
    const end = await ran((graph) => {
      const photos = graph.call<Photo[]>("photos");
      const prefix = graph.call<string>("join", ["pre", "fix"]);
      return graph.map(photos, (photo) =>
        graph.map(photo.sizes, (size) => graph.call("join", [prefix, photo.url, size, photos.length]), {
          name: "sizes",
        }),
      );
    });
    expect(end).toEqual({ outputs: [[["pre-fix-a-1-2", "pre-fix-a-2-2"], ["pre-fix-b-3-2"]]] });
  });

  test("answers under its name where nothing is selected, which is map unless it is given", async () => {
    const { held, caller } = createHeld();
    const graph = caller.graph();
    graph.map([1], (item) => graph.call("a", [item]));
    graph.map([1], (item) => graph.call("a", [item]));
    graph.map([1], (item) => graph.call("a", [item]), { name: "mine", concurrency: 7, timeoutMs: 5 });
    void graph.run();
    const { steps } = held.asks[0]!.fields as RequestFields;
    expect(steps.map(({ name, timeoutMs, map }) => [name, timeoutMs, map?.concurrency, map?.steps[0]?.name])).toEqual([
      ["map", 0, 100, "a"],
      ["map#2", 0, 100, "a#2"],
      ["mine", 5, 7, "a#3"],
    ]);
  });

  const wrong: readonly [string, (graph: Graph) => unknown, string][] = [
    [
      "a list",
      (graph) => graph.map(7 as never, (item) => graph.call("a", [item])),
      "graph.map: the list must be an array, or a reference to one, got 7",
    ],
    ["each", (graph) => graph.map([1], 7 as never), "graph.map: each must be a function, got 7"],
    [
      "concurrency",
      (graph) => graph.map([1], (item) => graph.call("a", [item]), { concurrency: 0 }),
      "graph.map: concurrency must be a whole number above 0, got 0",
    ],
    [
      "concurrency",
      (graph) => graph.map([1], (item) => graph.call("a", [item]), { concurrency: 1.5 }),
      "graph.map: concurrency must be a whole number above 0, got 1.5",
    ],
    [
      "an option",
      (graph) => graph.map([1], (item) => graph.call("a", [item]), { concurency: 2 } as never),
      'graph.map has no option "concurency"; it has name, concurrency, timeoutMs; did you mean "concurrency"?',
    ],
    [
      "no calls",
      (graph) => graph.map([1], (item) => item),
      "graph.map: each calls nothing; add a call that takes the item",
    ],
    [
      "no reference",
      (graph) => graph.map([1], () => 5 as never),
      "graph.map: each must return the reference to what becomes of an item, and cannot be async; got number",
    ],
    [
      "async",
      (graph) => graph.map([1], (async (item: unknown) => Promise.resolve(graph.call("a", [item]))) as never),
      "graph.map: each must return the reference to what becomes of an item, and cannot be async; got object",
    ],
    [
      "a Map in the list",
      (graph) => graph.map([new Map([["x", graph.call("a")]])], (item) => graph.call("b", [item])),
      'map "map", list has a reference inside a Map or a Set; give it as an item, or inside arrays and plain objects',
    ],
    [
      "a reference out of it",
      (graph) => {
        let out: unknown;
        graph.map([1], (item) => (out = graph.call("a", [item])));
        return graph.call("b", [out]);
      },
      'Cannot use the result of step "a" in step "b", args: the map "map" runs it once for each item; use the result of the map, which is the list of all',
    ],
    [
      "an item out of it",
      (graph) => {
        let out: unknown;
        graph.map([1], (item) => graph.call("a", [(out = item)]));
        return { out };
      },
      'Cannot use the result of step "item of map" in the outputs, at out: the map "map" runs it once for each item; use the result of the map, which is the list of all',
    ],
  ];

  test.each(wrong)("refuses %s that is wrong: %#", async (_, build, message) => {
    const { caller } = createHeld();
    const graph = caller.graph();
    const refused = (async () => graph.run(build(graph)))();
    await expect(refused).rejects.toMatchObject({ code: "invalid-argument", message });
  });

  test("refuses to run while a map is built", async () => {
    const { caller } = createHeld();
    const graph = caller.graph();
    let inside: Promise<unknown> | undefined;
    graph.map([1], (item) => {
      inside = graph.run();
      return graph.call("a", [item]);
    });
    await expect(inside).rejects.toMatchObject({ message: "run: the graph cannot run while a map is built" });
  });

  test("refuses maps that are nested too deep", async () => {
    const { caller } = createHeld();
    const graph = caller.graph();
    const nested = (depth: number): RefTo<unknown> =>
      depth === 0 ? graph.call("a") : graph.map([1], () => nested(depth - 1));
    nested(5);
    await expect(graph.run()).rejects.toMatchObject({
      code: "too-large",
      message: "Maps are nested 5 deep; at most 4 are allowed",
    });
  });

  test("a map that is refused leaves the graph as it was (G1)", () => {
    const { held, caller } = createHeld();
    const graph = caller.graph();
    expect(() => graph.map([1], () => ref(7 as never))).toThrow(MpregError);
    expect(() => graph.map([1], () => void graph.call("a") as never)).toThrow(MpregError);
    graph.map([1], (item) => graph.call("a", [item]));
    void graph.run();
    const [step, ...more] = (held.asks[0]!.fields as RequestFields).steps;
    expect([step!.name, step!.map!.steps[0]!.name, more]).toEqual(["map", "a", []]);
  });

  test("the calls of its items carry the trace of whoever asks, at any depth", () => {
    const { held, caller } = createHeld();
    const trace = new Uint8Array(25).fill(1);
    Object.assign(held, { trace });
    const graph = caller.graph();
    graph.map([[1]], (row) => graph.map(row, (cell) => graph.call("a", [cell])));
    void graph.run();
    const calls = callsOf((held.asks[0]!.fields as RequestFields).steps);
    expect(calls.map(({ name, terms }) => [name, terms?.trace])).toEqual([["a", trace]]);
  });

  test("the calls of a request are its steps and those of its maps, and not the maps", () => {
    const { held, caller } = createHeld();
    const graph = caller.graph();
    const list = graph.call("list");
    graph.map(list, (row) => {
      graph.call("beside", [row]);
      return graph.map([row], (cell) => graph.call("inner", [cell]));
    });
    void graph.run();
    const { steps } = held.asks[0]!.fields as RequestFields;
    expect(callsOf(steps).map(({ fun }) => fun)).toEqual(["list", "beside", "inner"]);
    expect(everyStep(steps)).toHaveLength(5);
  });
});
