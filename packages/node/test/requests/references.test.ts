/**
 * References between steps on different nodes, over real links: which parts of results they reach, and that they are
 * put in once.
 */
import { ref } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";

interface Readings {
  readonly rows: readonly { readonly value: number; readonly tags: readonly string[] }[];
  readonly meta: { readonly unit: string; readonly then: string };
}

const readings: Readings = {
  rows: [
    { value: 18.5, tags: ["a"] },
    { value: 35.2, tags: ["b", "hot"] },
  ],
  meta: { unit: "C", then: "a field called then" },
};

/** A router without functions of its own, a node that has `ingest`, one that has `together`. */
async function startWorkers() {
  const [router, source, sink] = await startMesh({ name: "router" }, { name: "source" }, { name: "sink" });
  source!.register("ingest", () => readings);
  sink!.register("together", (...all: unknown[]) => all);
  await offered("ingest", 1, router!);
  await offered("together", 1, router!);
  return { router: router!, client: await clientOf(router!) };
}

describe("references", () => {
  test("reach whole results, fields, items and lengths at any depth of args and kwargs", async () => {
    const { client } = await startWorkers();
    const graph = client.graph();
    const from = graph.call<Readings>("ingest");
    const together = graph.call<unknown[]>(
      "together",
      [from.rows.at(1), [{ deep: [from.meta.unit] }], from.rows.length],
      {
        kwargs: { whole: from, nested: { hot: from.rows.at(1).tags.at(1) }, length: from.meta.unit.length },
      },
    );
    expect(await graph.run(together)).toEqual([
      readings.rows[1],
      [{ deep: ["C"] }],
      2,
      { whole: readings, nested: { hot: "hot" }, length: 1 },
    ]);
  });

  test("of the plain form reach the same parts", async () => {
    const { client } = await startWorkers();
    const steps = [
      { name: "from", fun: "ingest" },
      {
        name: "to",
        fun: "together",
        args: [{ $ref: "from", path: ["rows", 1] }, [{ deep: [{ $ref: "from", path: ["meta", "unit"] }] }]],
        kwargs: {
          hot: { $ref: "from", path: ["rows", 1, "tags", 1] },
          count: { $ref: "from", path: ["rows", "length"] },
        },
      },
    ];
    expect(await client.request(steps)).toEqual({
      to: [readings.rows[1], [{ deep: ["C"] }], { hot: "hot", count: 2 }],
    });
  });

  test("reach fields whose names mean something else on a reference", async () => {
    const { client } = await startWorkers();
    const graph = client.graph();
    const from = graph.call<Readings>("ingest");
    expect(await graph.run(ref(from, "meta", "then"))).toBe("a field called then");
  });

  test("to results that nobody has typed read like those to typed ones", async () => {
    const { client } = await startWorkers();
    const graph = client.graph();
    const from = graph.call("ingest", [], { resources: [] });
    const together = graph.call("together", [from.rows, { unit: from.meta.unit }]);
    const { report, count } = await graph.run({ report: graph.call("echo", [together]), count: together.length });
    expect(report).toEqual([readings.rows, { unit: "C" }]);
    expect(count).toBe(2);
  });

  test("give undefined where the handler has put it, as their types say, and path-missing where nothing is", async () => {
    const { client } = await startWorkers();
    const graph = client.graph();
    const from = graph.call<{ readonly note?: string | undefined }>("echo", [{ note: undefined }]);
    const note: string | undefined = await graph.run(from.note);
    expect(note).toBeUndefined();
    const without = client.graph();
    const missing = without.call<{ readonly note?: string | undefined }>("echo", [{}]);
    expect(told(await failureOf(without.run(missing.note)))).toMatchObject({ code: "path-missing", step: "echo" });
  });

  test("may be used many times, each place with a value of its own", async () => {
    const { client, router } = await startWorkers();
    router.register("change the first", (first: { value: number }, second: { value: number }) => {
      first.value = -1;
      return [first, second];
    });
    const graph = client.graph();
    const row = graph.call<Readings>("ingest").rows.at(0);
    const [first, second] = await graph.run(graph.call<{ value: number }[]>("change the first", [row, row]));
    expect([first?.value, second?.value]).toEqual([-1, 18.5]);
  });

  test("are put in once: a result that looks like a reference or names a step stays data", async () => {
    const { client, router } = await startWorkers();
    const lookalikes = {
      plain: { $ref: "second", path: ["x"] },
      name: "first",
      dotted: "first.plain",
      wrapped: { $value: 1 },
    };
    router.register("lookalikes", () => lookalikes);
    const steps = [
      { name: "first", fun: "lookalikes" },
      { name: "second", fun: "together", args: [{ $ref: "first" }, "first", { $value: { $ref: "first" } }] },
      { name: "third", fun: "together", args: [{ $ref: "second", path: [0] }] },
    ];
    expect(await client.request(steps, { outputs: ["second", "third"] })).toEqual({
      second: [lookalikes, "first", { $ref: "first" }],
      third: [lookalikes],
    });
  });

  test("to the bytes of a hole stay data: a handler's Uint8Array is never read as a template", async () => {
    const { client, router } = await startWorkers();
    const hole = Uint8Array.of(0x91, 0xd4, 72, 0); // MessagePack: an array with hole number 0
    router.register("hole", () => hole);
    const graph = client.graph();
    const twice = graph.call("together", [graph.call("together", [graph.call("hole")])]);
    expect(await graph.run(twice)).toEqual([[hole]]);
  });

  test("run in the same request twice when the graph runs twice", async () => {
    const { client, router } = await startWorkers();
    let calls = 0;
    router.register("count", () => ++calls);
    const graph = client.graph();
    const count = graph.call("count");
    const answers = [await graph.run(count), await graph.run(count)];
    expect([answers, calls]).toEqual([[1, 2], 2]);
  });
});

describe("a path that leads nowhere", () => {
  test("fails the step that needs it, naming the path and the part that is missing", async () => {
    const { client } = await startWorkers();
    const steps = [
      { name: "from", fun: "ingest" },
      { name: "to", fun: "together", args: [{ $ref: "from", path: ["rows", 1, "unit", "name"] }] },
    ];
    expect(told(await failureOf(client.request(steps)))).toEqual({
      code: "path-missing",
      message: `Cannot take from.rows[1].unit.name: from.rows[1] has no "unit"`,
      step: "to",
      node: "router",
      outcome: "applied",
    });
  });

  test("fails the request when an output needs it", async () => {
    const { client } = await startWorkers();
    const graph = client.graph();
    const from = graph.call<{ nothing: number }>("ingest");
    expect(told(await failureOf(graph.run({ gone: from.nothing })))).toEqual({
      code: "path-missing",
      message: `Cannot take ingest.nothing: ingest has no "nothing"`,
      step: "ingest",
      node: "router",
      outcome: "applied",
    });
  });

  test.each([
    ["a member of the prototype", ["constructor"]],
    ["__proto__", ["__proto__"]],
    ["a method of an array", ["rows", "map"]],
    ["an item behind the end", ["rows", 2]],
    ["a negative text of a position", ["rows", "-1"]],
    ["a field of a number", ["rows", 0, "value", "toFixed"]],
  ])("is %s too", async (_what, path) => {
    const { client } = await startWorkers();
    const steps = [
      { name: "from", fun: "ingest" },
      { name: "to", fun: "together", args: [{ $ref: "from", path }] },
    ];
    expect((await failureOf(client.request(steps))).code).toBe("path-missing");
  });
});
