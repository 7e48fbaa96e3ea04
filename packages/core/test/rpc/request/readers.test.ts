/** Readers: a result that turns out to be a stream, and those that would read it. */
import { describe, expect, test } from "vitest";
import type { ItemReader } from "../../../src/rpc/index.js";
import { MpregError } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
import type { RequestStep, WireBinding } from "../../../src/wire/index.js";
import { type RequestOptions, type Step, codec, mapOf, requestOf, use } from "../../support/requests.js";

/** Node a asks; b makes streams, and c reads them. All functions may run again, which must not matter. */
function world() {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  const again = { idempotent: "yes" } as const;
  b.offerAs(
    "count",
    function* (to: number) {
      for (let item = 1; item <= to; item++) yield item;
    },
    again,
  );
  b.offerAs("list", (to: number) => Array.from({ length: to }, (_, item) => item + 1), again);
  c.offerAs(
    "sum",
    async (items: ItemReader | readonly number[]) => {
      let total = 0;
      for await (const item of items) total += item as number;
      return total;
    },
    again,
  );
  c.offerAs("two", (...values: readonly unknown[]) => values.length, again);
  b.offer("wait", byHand);
  mesh.settle();
  return { mesh, a, b, c };
}

type World = ReturnType<typeof world>;

/** How a request ends. */
async function endOf({ mesh, a }: World, steps: readonly Step[], options: RequestOptions = {}): Promise<unknown> {
  const asked = a.request(steps, options);
  for (let turns = 0; turns < 100 && asked.ends.length === 0; turns++) {
    mesh.settle();
    await Promise.resolve();
  }
  mesh.settle();
  expect(asked.ends).toHaveLength(1);
  mesh.expectQuiet();
  return asked.ends[0];
}

/** Functions that were begun, in that order. */
function begun({ b, c }: World): string[] {
  return [...b.invoked, ...c.invoked].map(({ fun }) => fun);
}

const count = { fun: "count", args: [3] };
const list = { ...count, name: "count", fun: "list" };
const sumOf = (name: string): Step => ({ name, fun: "sum", args: [use("count")] });

describe("a stream that several would read fails its step before any of them begins (Y1) (Q10)", () => {
  const who: readonly [string, readonly Step[], RequestOptions, string][] = [
    ["two steps", [count, sumOf("s1"), sumOf("s2")], {}, '"s1" and "s2" would read it'],
    [
      "a step and whoever has asked",
      [count, sumOf("s")],
      { outputs: [use("count"), use("s")] },
      '"s" and whoever has asked would read it',
    ],
    ["one step twice", [count, { fun: "two", args: [use("count"), use("count")] }], {}, '"two" would read it, 2 times'],
    ["two outputs", [count], { outputs: [use("count"), use("count")] }, "whoever has asked would read it, 2 times"],
    [
      "a map and a step",
      [count, sumOf("s"), mapOf("all", use("count"), [{ fun: "two", args: [use("item")] }])],
      {},
      '"s" and "all" would read it',
    ],
  ];

  test.each(who)("%s", async (_, steps, options, readers) => {
    const here = world();
    expect(await endOf(here, steps, options)).toEqual({
      error: {
        code: "invalid-argument",
        outcome: "applied",
        step: "count",
        node: "a",
        message: expect.stringContaining(
          `The result of "count" is a stream, which is read once, and ${readers}`,
        ) as string,
      },
    });
    expect(begun(here)).toEqual(["count"]);
  });

  test("also where a builder makes one binding of what one step takes twice", async () => {
    const here = world();
    const asked = requestOf([count, { fun: "two", args: [use("count"), use("count")] }]);
    const [first, two] = asked.steps as [RequestStep, RequestStep];
    const template = codec.encodeTemplate([use("count"), use("count")], "args", (value) =>
      Array.isArray(value) ? undefined : 0,
    );
    const request = here.a.run({ ...asked, steps: [first, { ...two, template, bindings: two.bindings.slice(1) }] });
    here.mesh.settle();
    await Promise.resolve();
    here.mesh.settle();
    expect(request.ends).toMatchObject([
      {
        error: { code: "invalid-argument", message: expect.stringContaining('"two" would read it, 2 times') as string },
      },
    ]);
    expect(begun(here)).toEqual(["count"]);
    here.mesh.expectQuiet();
  });

  test("and says what would work", async () => {
    const end = await endOf(world(), [count, sumOf("s1"), sumOf("s2")]);
    expect(end).toMatchObject({
      error: {
        message: expect.stringMatching(
          /: collect it into an array in one step that all of them use, or call "count" once for each of them$/,
        ) as string,
      },
    });
  });

  test("also when one of them waits for something else", async () => {
    const here = world();
    const later = { fun: "two", args: [use("count"), use("wait")] };
    expect(await endOf(here, [count, { fun: "wait" }, sumOf("s"), later])).toMatchObject({
      error: { code: "invalid-argument", outcome: "unknown", step: "count" },
    });
    expect(begun(here)).not.toContain("sum");
  });

  test("and in a request that settles only those that would have read it", async () => {
    const here = world();
    const end = await endOf(here, [count, sumOf("s1"), sumOf("s2"), { fun: "two", args: [1, 2] }], { settle: true });
    expect(end).toMatchObject({
      outputs: [undefined, undefined, 2],
      reports: [
        { status: "failed", error: { code: "invalid-argument" } },
        { status: "skipped", because: 0 },
        { status: "skipped", because: 0 },
        { status: "done" },
      ],
    });
  });
});

describe("what is read once, or is no stream, is as it was", () => {
  test("an array may have any number of readers", async () => {
    expect(
      await endOf(world(), [list, sumOf("s1"), sumOf("s2")], { outputs: ["count", "s1", "s2"].map((s) => use(s)) }),
    ).toEqual({
      outputs: [[1, 2, 3], 6, 6],
    });
  });

  test("a step that was skipped reads nothing (Y2)", async () => {
    const here = world();
    const { mesh, a, b } = here;
    b.offer("first", byHand);
    mesh.settle();
    const skipped = { name: "skipped", fun: "two", args: [use("count"), use("wait")] };
    const steps = [{ fun: "wait" }, { fun: "first" }, { ...count, args: [use("first")] }, skipped, sumOf("s")];
    const asked = a.request(steps, { settle: true });
    mesh.settle();
    b.fail("wait", new MpregError("handler-error", "no", { outcome: "applied" }));
    mesh.settle();
    b.finish("first", 3);
    for (let turns = 0; turns < 100 && asked.ends.length === 0; turns++) {
      mesh.settle();
      await Promise.resolve();
    }
    expect(asked.ends).toMatchObject([{ outputs: [undefined, 6] }]);
    mesh.expectQuiet();
  });
});

describe("a stream that is given to the items of a map (Y3) (M8)", () => {
  const items = (values: readonly number[]): Step => mapOf("all", values, [{ fun: "sum", args: [use("count")] }]);

  test("is refused before the first of several begins", async () => {
    const here = world();
    expect(await endOf(here, [count, items([1, 2])])).toMatchObject({
      error: {
        code: "invalid-argument",
        outcome: "applied",
        step: "count",
        message: expect.stringContaining('the map "all" would read it for each of its 2 items') as string,
      },
    });
    expect(begun(here)).toEqual(["count"]);
  });

  test("is refused where two steps of the only item would read it", async () => {
    const here = world();
    const both = mapOf("all", [1], [sumOf("s1"), { name: "s2", fun: "two", args: [use("count"), use("s1")] }]);
    // a builder makes one input of what both take
    const [first, map] = requestOf([count, both]).steps as [RequestStep, RequestStep];
    const oneInput = (bindings: readonly WireBinding[]): WireBinding[] =>
      bindings.map(({ step, path }) => ({ step: step > 1 ? step - 1 : step, path }));
    const inner = map.map!.steps.map((step) => ({ ...step, bindings: oneInput(step.bindings) }));
    const [result] = oneInput([map.map!.result]) as [WireBinding];
    const built = { ...map, bindings: map.bindings.slice(1), map: { ...map.map!, steps: inner, result } };
    const asked = here.a.run({ ...requestOf([count, both]), steps: [first, built] });
    here.mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "invalid-argument",
          message: expect.stringContaining('the map "all" would read it more than once for its item') as string,
        },
      },
    ]);
    expect(begun(here)).toEqual(["count"]);
    here.mesh.expectQuiet();
  });

  test("is read by the only one", async () => {
    expect(await endOf(world(), [count, items([1])])).toEqual({ outputs: [[6]] });
  });
});

describe("an output that yields to the steps that read it (N6)", () => {
  async function ended(here: World, steps: readonly Step[], outputs: readonly string[]): Promise<unknown> {
    const { mesh, a } = here;
    const asked = a.run({
      ...requestOf(steps, { outputs: outputs.map((name) => use(name)) }),
      yieldsStreams: true,
    } as never);
    for (let turns = 0; turns < 100 && asked.ends.length === 0; turns++) {
      mesh.settle();
      await Promise.resolve();
    }
    mesh.settle();
    mesh.expectQuiet();
    return asked.ends;
  }

  test("is left out, and the rest is as it was", async () => {
    expect(await ended(world(), [count, sumOf("s")], ["count", "s"])).toEqual([{ outputs: [undefined, 6] }]);
  });

  test("does so only where it is a stream", async () => {
    expect(await ended(world(), [list, sumOf("s")], ["count", "s"])).toEqual([{ outputs: [[1, 2, 3], 6] }]);
  });

  test("does not make two readers one", async () => {
    const end = await ended(world(), [count, sumOf("s1"), sumOf("s2")], ["count", "s1", "s2"]);
    expect(end).toMatchObject([
      {
        error: { code: "invalid-argument", message: expect.stringContaining('"s1" and "s2" would read it:') as string },
      },
    ]);
  });
});
