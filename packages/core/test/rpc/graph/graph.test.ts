import { describe, expect, test } from "vitest";
import { z } from "zod";
import { contract, fn } from "../../../src/base/contract.js";
import { MpregError } from "../../../src/base/index.js";
import { toRequestSpec } from "../../../src/rpc/graph/encode.js";
import { type CallOptions, type Graph, createGraph } from "../../../src/rpc/graph/graph.js";
import type { Ref } from "../../../src/rpc/graph/ref-type.js";
import { ref } from "../../../src/rpc/graph/ref.js";
import type { RequestSpec } from "../../../src/rpc/types.js";
import { defaultWireLimits } from "../../../src/wire/limits.js";
import { codec, localRunner, preparedBy } from "../local-runner.js";

const functions = {
  ingest: (city: string) => ({
    rows: [
      { city, celsius: 3 },
      { city, celsius: 5 },
    ],
    meta: { unit: "C" },
    none: null,
  }),
  clean: (rows: { celsius: number }[], { unit }: { unit: string }) => rows.map(({ celsius }) => `${celsius} ${unit}`),
  echos: (...args: unknown[]) => args,
  fail: () => {
    throw new Error("boom");
  },
  nothing: () => undefined,
};

/** What the graph built by `build` becomes on the wire. */
async function specOf(build: (graph: Graph) => unknown): Promise<RequestSpec> {
  const { spec } = await preparedBy((runner) => {
    const graph = createGraph(runner);
    return graph.run(build(graph));
  });
  return spec;
}

describe("graph.run", () => {
  test("passes results and parts of results on, at any depth of arrays, objects and kwargs", async () => {
    const log: [string, ...unknown[]][] = [];
    const graph = createGraph(localRunner(functions, log));
    const readings = graph.call<ReturnType<typeof functions.ingest>>("ingest", ["Oslo"]);
    const clean = graph.call<string[]>("clean", [readings.rows, { unit: readings.meta.unit }]);
    const echo = graph.call("echos", [[{ deep: [clean.at(1)] }], clean.length], { kwargs: { first: ref(clean, 0) } });
    expect(await graph.run({ clean, echo, count: clean.length })).toEqual({
      clean: ["3 C", "5 C"],
      echo: [[{ deep: ["5 C"] }], 2, { first: "3 C" }],
      count: 2,
    });
    expect(log.map(([step]) => step)).toEqual(["ingest", "clean", "echos"]);
  });

  test("answers any structure of outputs with values in the places of references", async () => {
    const graph = createGraph(localRunner(functions));
    const readings = graph.call<ReturnType<typeof functions.ingest>>("ingest", ["Oslo"]);
    const when = new Date(0);
    expect(await graph.run(readings.meta.unit)).toBe("C");
    expect(await graph.run([readings.meta.unit, 1, [readings.none]])).toEqual(["C", 1, [null]]);
    const mixed = await graph.run({
      unit: readings.meta.unit,
      when,
      list: [1, "x", null, undefined],
      again: readings.meta.unit,
    });
    expect(mixed).toEqual({ unit: "C", when, list: [1, "x", null, undefined], again: "C" });
    expect(mixed.when).toBe(when);
    const { unit } = readings.meta;
    const kept: Map<string, string> = await graph.run(new Map([["of Oslo", unit]]));
    expect(kept).toEqual(new Map([["of Oslo", "C"]]));
    expect(await graph.run([new Map([[unit, new Set([1, unit])]])])).toEqual([new Map([["C", new Set([1, "C"])]])]);
    expect(await graph.run([])).toEqual([]);
  });

  test("gives null and undefined results as they are, not the reference", async () => {
    const graph = createGraph(localRunner(functions));
    const nothing = graph.call<undefined>("nothing");
    const readings = graph.call<{ none: null }>("ingest", ["Oslo"]);
    expect(await graph.run([nothing, { none: readings.none }])).toEqual([undefined, { none: null }]);
  });

  test("without outputs answers every step that no other step uses, by name", async () => {
    const graph = createGraph(localRunner(functions));
    const first = graph.call("echos", [1]);
    graph.call("echos", [first]);
    graph.call("echos", [2], { name: "__proto__" });
    const answer = await graph.run();
    expect(Object.entries(answer)).toEqual([
      ["echos#2", [[1]]],
      ["__proto__", [2]],
    ]);
  });

  test("runs every step, also those that no output depends on, and each time anew (G1)", async () => {
    const log: [string, ...unknown[]][] = [];
    const graph = createGraph(localRunner(functions, log));
    const a = graph.call("echos", [1], { name: "a" });
    graph.call("echos", [2], { name: "b" });
    await graph.run(a);
    graph.call("echos", [a], { name: "c" });
    await graph.run(a);
    expect(log.map(([step]) => step)).toEqual(["a", "b", "a", "b", "c"]);
  });

  test("rejects with the error of the step that failed", async () => {
    const graph = createGraph(localRunner(functions));
    graph.call("echos", [graph.call("fail")]);
    await expect(graph.run()).rejects.toMatchObject({ code: "handler-error", step: "fail" });
  });

  test("with onError settle tells what became of each step, and leaves out what could not be", async () => {
    const graph = createGraph(localRunner(functions));
    const bad = graph.call("fail");
    const after = graph.call("echos", [bad], { name: "after" });
    const good = graph.call("echos", [1], { name: "good" });
    const answer = await graph.run({ after, list: [good] }, { onError: "settle" });
    expect(answer.outputs).toEqual({ after: undefined, list: [[1]] });
    expect(answer.steps).toEqual({
      fail: { status: "failed", error: expect.any(MpregError) as unknown },
      after: { status: "skipped", because: "fail" },
      good: { status: "done" },
    });
    const all = await graph.run(undefined, { onError: "settle" });
    expect(all.outputs).toEqual({ after: undefined, good: [1] });
    expect(all.steps["after"]).toEqual({ status: "skipped", because: "fail" });
  });

  test("rejects an empty graph, like every other failure, instead of throwing", async () => {
    await expect(createGraph(localRunner(functions)).run()).rejects.toMatchObject({ code: "empty-request" });
    const graph = createGraph(() => {
      throw new MpregError("closed", "the client is closed");
    });
    await expect(graph.run()).rejects.toMatchObject({ code: "closed" });
  });

  test("hands its options to the runner, and those of the wire to the spec", async () => {
    const { signal } = new AbortController();
    const onSummary = (): void => undefined;
    const seen: unknown[] = [];
    const { spec } = await preparedBy((runner) => {
      const graph = createGraph((request) => {
        seen.push(request.options.signal, request.options.onSummary);
        return runner(request);
      });
      graph.call("echos");
      return graph.run(undefined, { signal, onSummary, timeoutMs: 12.5, waitForCapacity: 40, onError: "settle" });
    });
    expect(seen).toEqual([signal, onSummary]);
    expect(spec).toMatchObject({ timeoutMs: 13, waitForCapacityMs: 40, onError: "settle", summary: true });
  });

  test("waits for capacity not at all by default, and as long as the request may take when told true", async () => {
    const waitOf = async (waitForCapacity: boolean | number | undefined): Promise<number> => {
      const { spec } = await preparedBy((runner) => {
        const graph = createGraph(runner);
        graph.call("echos");
        return graph.run(undefined, { waitForCapacity });
      });
      expect(spec).toMatchObject({ timeoutMs: 0, onError: "fail", summary: false });
      return spec.waitForCapacityMs;
    };
    expect(await waitOf(undefined)).toBe(0);
    expect(await waitOf(false)).toBe(0);
    expect(await waitOf(true)).toBe(2 ** 31 - 1);
    expect(await waitOf(1)).toBe(1);
  });

  test("refuses outputs that contain themselves", async () => {
    const graph = createGraph(localRunner(functions));
    const loop: unknown[] = [graph.call("echos")];
    loop.push(loop);
    await expect(graph.run(loop)).rejects.toMatchObject({ code: "not-encodable" });
  });
});

describe("the encoding of a graph", () => {
  test("numbers each part of a result once per step, however often it is used (B1)", async () => {
    const spec = await specOf((graph) => {
      const a = graph.call<{ x: string; "0": string }>("a");
      const b = graph.call<string[]>("b");
      const again: unknown = ref(a, "x");
      graph.call("c", [a.x, [a, b, { k: again }], a, ref(a, "0"), b.at(0), ref(b, 0)]);
      return [a.x, a.x, b];
    });
    expect(spec.steps[2]?.bindings).toEqual([
      { step: 0, path: ["x"] },
      { step: 0, path: [] },
      { step: 1, path: [] },
      { step: 0, path: ["0"] },
      { step: 1, path: [0] },
    ]);
    expect(spec.outputs).toEqual([
      { step: 0, path: ["x"] },
      { step: 1, path: [] },
    ]);
  });

  test("tells a name from a position, and a path from one that reads the same (B1)", async () => {
    const spec = await specOf((graph) => {
      const a = graph.call("a");
      graph.call("c", [ref(a, "0"), ref(a, 0), ref(a, "x.y"), ref(a, "x", "y"), ref(a, 'x","y')]);
      return a;
    });
    expect(spec.steps[1]?.bindings.map(({ path }) => path)).toEqual([["0"], [0], ["x.y"], ["x", "y"], ['x","y']]);
  });

  test("refuses references of another graph, in arguments and in outputs (B2)", async () => {
    const graph = createGraph(localRunner(functions));
    const stranger = createGraph(localRunner(functions)).call<{ x: 1 }>("alien");
    graph.call("echos", [{ deep: [stranger.x] }]);
    await expect(graph.run()).rejects.toMatchObject({
      code: "invalid-argument",
      step: "echos",
      message:
        'Cannot use the result of step "alien" at x in step "echos", args: the reference belongs to another graph',
    });
    const other = createGraph(localRunner(functions));
    other.call("echos");
    await expect(other.run({ deep: [stranger] })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("in the outputs, at deep[0]") as unknown,
    });
  });

  test("names the step whose arguments cannot be encoded", async () => {
    const graph = createGraph(localRunner(functions));
    graph.call("echos");
    graph.call("echos", [() => 0]);
    await expect(graph.run()).rejects.toMatchObject({ code: "not-encodable", step: "echos#2" });
  });

  test("refuses what exceeds a limit", async () => {
    const refused = async (limits: Partial<typeof defaultWireLimits>, args: (r: Ref<unknown>) => unknown[]) => {
      const graph = createGraph((request) => {
        return Promise.resolve(toRequestSpec(request, codec.encodeTemplate, { ...defaultWireLimits, ...limits }));
      });
      graph.call("second", args(graph.call("first")));
      await expect(graph.run()).rejects.toMatchObject({ code: "too-large" });
      await expect(graph.run(undefined, { onError: "settle" })).rejects.toMatchObject({ code: "too-large" });
    };
    await refused({ stepsMax: 1 }, () => []);
    await refused({ bindingsMax: 1 }, (first) => [first, ref(first, "x")]);
    await refused({ pathSegmentsMax: 2 }, (first) => [ref(first, "x", "y", "z")]);
    await refused({ messageBytesMax: 93 }, () => ["x".repeat(90)]);
  });

  test("takes arguments as they were when the call was added", async () => {
    const graph = createGraph(localRunner(functions));
    const args: unknown[] = [1];
    const echo = graph.call<number[]>("echos", args);
    args.push(2);
    expect(await graph.run(echo)).toEqual([1]);
  });

  test("outside its graph a reference cannot be encoded, and the error says what would work", () => {
    const a = createGraph(localRunner(functions)).call<{ x: 1 }>("a");
    expect(() => codec.encode([1, { deep: a.x }], "args")).toThrow(
      'Cannot encode args[1].deep: a reference to the result of step "a" at x, which only means something inside its ' +
        "graph; add the call to the graph, or run the graph first and pass the value",
    );
  });
});

describe("the name of a step", () => {
  const namesOf = async (build: (call: (fun: string, options?: CallOptions) => unknown) => void): Promise<string[]> => {
    const spec = await specOf((graph) => {
      build((fun, options) => graph.call(fun, [], options));
      return [];
    });
    return spec.steps.map(({ name }) => name);
  };

  test("is the function's, made unique by a suffix", async () => {
    const names = await namesOf((call) => {
      for (const fun of ["clean", "clean", "store", "clean"]) call(fun);
    });
    expect(names).toEqual(["clean", "clean#2", "store", "clean#3"]);
  });

  test("is the one given, which later suffixes avoid", async () => {
    const names = await namesOf((call) => {
      call("clean", { name: "clean#2" });
      call("clean");
      call("clean");
      call("other", { name: "toString" });
    });
    expect(names).toEqual(["clean#2", "clean", "clean#3", "toString"]);
  });

  test("given twice is refused at the call", () => {
    const graph = createGraph(localRunner(functions));
    graph.call("a", [], { name: "x" });
    graph.call("y");
    expect(() => graph.call("b", [], { name: "x" })).toThrow(
      expect.objectContaining({ code: "duplicate-step", step: "x" }),
    );
    expect(() => graph.call("b", [], { name: "y" })).toThrow(
      expect.objectContaining({ code: "duplicate-step", step: "y" }),
    );
  });
});

describe("graph.call", () => {
  test("refuses a function or arguments that are not what they should be", () => {
    const graph = createGraph(localRunner(functions));
    const refused: [() => unknown, string][] = [
      [() => graph.call(""), "graph.call: the function must be a name that is not empty"],
      [() => graph.call(7 as never), "got 7"],
      [() => graph.call("f", "x" as never), 'graph.call("f"): the arguments must be an array, got "x"'],
      [() => graph.call("f", graph.call("g") as never), "got a reference"],
    ];
    for (const [attempt, message] of refused) {
      expect(attempt).toThrow(expect.objectContaining({ code: "invalid-argument" }));
      expect(attempt).toThrow(message);
    }
  });

  test("asks for each resource once and for its own time", async () => {
    const spec = await specOf((graph) => graph.call("f", [], { resources: ["b", "a", "b"], timeoutMs: 7 }));
    expect(spec.steps[0]).toMatchObject({ resources: ["b", "a"], timeoutMs: 7 });
  });

  test("with a contract asks for the contract's resources too, and refuses functions it does not have", async () => {
    const api = contract({ clean: fn({ input: z.string(), resources: ["etl", "cpu"] }) });
    const { spec } = await preparedBy((runner) => {
      const graph = createGraph(runner, api);
      graph.call("clean", ["x"], { resources: ["gpu", "cpu"] });
      expect(() => graph.call("claen" as "clean", ["x"])).toThrow(
        'the contract does not have it; did you mean "clean"?',
      );
      expect(() => graph.call("toString" as "clean", ["x"])).toThrow("the contract does not have it");
      return graph.run();
    });
    expect(spec.steps.map(({ resources }) => resources)).toEqual([["etl", "cpu", "gpu"]]);
  });
});
