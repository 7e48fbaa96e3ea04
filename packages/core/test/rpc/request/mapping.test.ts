/** Maps: one step that runs others for each item of a list. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { double, single, upTo, wait, waited } from "../../support/mapping.js";
import type { MeshNodeOptions } from "../../support/mesh-node.js";
import { mapOf, use } from "../../support/requests.js";

describe("a map", () => {
  test("answers what becomes of each item, in the order of the items (M2)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", [3, 1, 2], [double])]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[6, 2, 4]] }]);
    mesh.expectQuiet();
  });

  test("has its results in the order of the items when these end in another (M2)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", ["a", "b", "c"], [wait])]);
    mesh.settle();
    const [a, b, c] = node.waiting("wait");
    for (const [invocation, value] of [
      [c, 3],
      [a, 1],
      [b, 2],
    ] as const) {
      expect(asked.ends).toEqual([]);
      node.finishThis(invocation!, value);
      mesh.settle();
    }
    expect(asked.ends).toEqual([{ outputs: [[1, 2, 3]] }]);
    mesh.expectQuiet();
  });

  test("has no more items under way than it may, and begins the next as one ends (M1)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", upTo(7), [wait], { concurrency: 3 })]);
    mesh.settle();
    const seen: unknown[] = [];
    while (asked.ends.length === 0) {
      seen.push(waited(node));
      node.finish("wait", null);
      mesh.settle();
    }
    expect(seen).toEqual([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6], [6]]);
    mesh.expectQuiet();
  });

  test("takes the list of another step, and gives its own to the next", () => {
    const { mesh, node } = single();
    node.offer("sum", (values: number[]) => values.reduce((sum, value) => sum + value, 0));
    const asked = node.request([
      { fun: "list" },
      mapOf("all", use("list", "rows"), [double]),
      { fun: "sum", args: [use("all")] },
    ]);
    mesh.settle();
    node.finish("list", { rows: [1, 2, 3] });
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [12] }]);
    mesh.expectQuiet();
  });

  test("puts a list of results and other things together, at any depth (A2)", () => {
    const { mesh, node } = single();
    node.offer("show", (value: unknown) => value);
    const list = [use("list"), { deep: [use("list", "x"), 1] }, "plain", use("list")];
    const asked = node.request([{ fun: "list" }, mapOf("all", list, [{ fun: "show", args: [use("item")] }])]);
    mesh.settle();
    node.finish("list", { x: 5 });
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[{ x: 5 }, { deep: [5, 1] }, "plain", { x: 5 }]] }]);
    mesh.expectQuiet();
  });

  test("of no items runs nothing and answers an empty list", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", [], [wait])]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[]] }]);
    expect(node.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("of 10,000 items answers all of them", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", upTo(10_000), [double])]);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [upTo(10_000).map((value) => 2 * value)] }]);
    mesh.expectQuiet();
  });

  test("runs a graph for each item: steps that wait for each other, and for what stands outside", () => {
    const { mesh, node } = single();
    const asked = node.request([
      { fun: "list" },
      mapOf(
        "all",
        [1, 2],
        [
          double,
          { name: "next", fun: "add", args: [use("double"), use("list", "offset")] },
          { name: "last", fun: "add", args: [use("next"), use("item")] },
        ],
      ),
    ]);
    mesh.settle();
    node.finish("list", { offset: 100 });
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[103, 106]] }]);
    mesh.expectQuiet();
  });

  test("may come to a part of what a step has made, or of the item", () => {
    const { mesh, node } = single();
    const items = [{ id: 1 }, { id: 2 }];
    const ids = node.request([mapOf("all", items, [{ fun: "wait", args: [] }], { result: use("item", "id") })]);
    const parts = node.request([mapOf("all", items, [{ fun: "wait", args: [] }], { result: use("wait", "x", 0) })]);
    mesh.settle();
    for (const i of upTo(4)) {
      node.finish("wait", { x: [i] });
      mesh.settle();
    }
    expect([ids.ends, parts.ends]).toEqual([[{ outputs: [[1, 2]] }], [{ outputs: [[2, 3]] }]]);
    mesh.expectQuiet();
  });

  test("may stand in a map, which gives it what it needs", () => {
    const { mesh, node } = single();
    const inner = mapOf("inner", use("row"), [{ fun: "add", args: [use("cell"), use("list")] }], { item: "cell" });
    const asked = node.request([{ fun: "list" }, mapOf("all", [[1, 2], [], [3]], [inner], { item: "row" })]);
    mesh.settle();
    node.finish("list", 10);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [[[11, 12], [], [13]]] }]);
    mesh.expectQuiet();
  });
});

describe("a list", () => {
  test.each([
    [{ a: 1 }, "object"],
    ["text", "string"],
    [7, "number"],
    [1.5, "number"],
    [-1, "number"],
    [null, "null"],
    [true, "boolean"],
    [undefined, "undefined"],
    [7n, "bigint"],
    [new Map(), "Map"],
    [new Set([1]), "Set"],
    [new Date(0), "Date"],
    [new Date(NaN), "Date"],
    [Uint8Array.of(1), "Uint8Array"],
    [Float64Array.of(1), "typed array"],
    ["\ud800", "string"],
  ])("%o is no list, and the map says so", (value, kind) => {
    const { mesh, node } = single();
    const asked = node.request([{ fun: "list" }, mapOf("all", use("list"), [wait])]);
    mesh.settle();
    node.finish("list", value);
    mesh.settle();
    const message = `The list of the map "all" must be an array, got ${kind}`;
    expect(asked.ends).toEqual([
      { error: { code: "invalid-argument", message, step: "all", node: "n", outcome: "applied" } },
    ]);
    expect(node.waiting("wait")).toEqual([]);
    mesh.expectQuiet();
  });

  test("that is longer than maps may be is refused before any item begins (C2)", () => {
    const { mesh, node } = single({ rpc: { mapStepsMax: 10 } });
    const two = [wait, { name: "then", fun: "double", args: [use("wait")] }];
    const asked = node.request([mapOf("all", upTo(6), two)]);
    mesh.settle();
    const message = 'The map "all" runs 12 steps for its 6 items; the limit is 10 (limits.mapStepsMax)';
    expect(asked.ends).toEqual([
      { error: { code: "too-large", message, step: "all", node: "n", outcome: "not-applied" } },
    ]);
    expect(node.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("counts together with those of the request's other maps (C2)", () => {
    const { mesh, node } = single({ rpc: { mapStepsMax: 10 } });
    const asked = node.request([
      mapOf("one", upTo(6), [double]),
      mapOf("two", use("one"), [{ ...double, name: "again" }]),
    ]);
    mesh.settle();
    const message =
      'The map "two" runs 6 steps for its 6 items, and 6 for what was mapped before; the limit is 10 (limits.mapStepsMax)';
    expect(asked.ends).toMatchObject([{ error: { code: "too-large", message, step: "two", outcome: "applied" } }]);
    mesh.expectQuiet();
  });

  test("whose parts lack what is asked for fails the map", () => {
    const { mesh, node } = single();
    const asked = node.request([{ fun: "list" }, mapOf("all", use("list", "rows"), [wait])]);
    mesh.settle();
    node.finish("list", {});
    mesh.settle();
    const message = 'Cannot take list.rows: list has no "rows"';
    expect(asked.ends).toMatchObject([{ error: { code: "path-missing", message, step: "all" } }]);
    mesh.expectQuiet();
  });
});

describe("the end of a map", () => {
  test("is the first failure of an item: those that run are called off, and no other begins (M3) (M5)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", upTo(10), [wait], { concurrency: 3 })]);
    mesh.settle();
    node.finish("wait", "fine");
    mesh.settle();
    const [, second] = node.waiting("wait");
    node.enter({
      kind: "invoked",
      id: second!.id,
      result: new MpregError("handler-error", "it broke", { outcome: "applied" }),
      timings: { queueUs: 0, runUs: 0 },
    });
    mesh.settle();
    expect(asked.ends).toMatchObject([
      { error: { code: "handler-error", message: "it broke", step: "wait[2]", node: "n", outcome: "unknown" } },
    ]);
    expect(node.aborted).toEqual([
      { fun: "wait", reason: "cancelled" },
      { fun: "wait", reason: "cancelled" },
    ]);
    expect(node.invoked).toHaveLength(4);
    mesh.expectQuiet();
  });

  test("leaves other branches of a request that settles, and skips what needs it", () => {
    const { mesh, node } = single();
    const steps = [
      mapOf("all", upTo(2), [wait]),
      { name: "after", fun: "double", args: [use("all")] },
      { name: "beside", fun: "list" },
    ];
    const asked = node.request(steps, { settle: true, outputs: [use("after"), use("beside")] });
    mesh.settle();
    node.fail("wait", new MpregError("handler-error", "it broke", { outcome: "applied" }));
    mesh.settle();
    expect(asked.ends).toEqual([]);
    node.finish("list", "there");
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        outputs: [undefined, "there"],
        reports: [
          { status: "failed", error: { code: "handler-error", step: "wait[0]", outcome: "unknown" } },
          { status: "skipped", because: 0 },
          { status: "done" },
        ],
      },
    ]);
    mesh.expectQuiet();
  });

  test("comes with that of its client: nothing runs, starts or is counted after it (M3) (M4)", () => {
    const { mesh, node } = single();
    const client = mesh.client(node);
    const id = client.request([
      { fun: "list" },
      mapOf("all", use("list"), [wait, { name: "next", fun: "wait", args: [use("wait")] }], { concurrency: 4 }),
    ]);
    mesh.settle();
    node.finish(
      "list",
      upTo(20).map((i) => `an item with some bytes ${i}`),
    );
    mesh.settle();
    node.finish("wait", "a result with some bytes");
    mesh.settle();
    expect(node.machine.size.heldBytes).toBeGreaterThan(500);
    client.cancel(id);
    mesh.settle();
    expect(client.endsOf(id)).toMatchObject([{ error: { code: "cancelled", outcome: "unknown" } }]);
    expect(node.aborted).toHaveLength(4);
    const invoked = node.invoked.length;
    mesh.advance(60_000);
    expect(node.invoked).toHaveLength(invoked);
    mesh.expectQuiet();
  });

  test("comes with its connection", () => {
    const { mesh, node } = single({ rpc: { resumeMs: 0 } });
    const client = mesh.client(node);
    client.request([mapOf("all", upTo(20), [wait], { concurrency: 4 })]);
    mesh.settle();
    expect(waited(node)).toEqual([0, 1, 2, 3]);
    client.connection!.cut();
    mesh.advance(1_000);
    expect(node.aborted.map(({ reason }) => reason)).toEqual(Array(4).fill("caller-gone"));
    expect(node.invoked).toHaveLength(4);
    mesh.expectQuiet();
  });

  test("comes with the request's time, and with its own", () => {
    const { mesh, node } = single();
    const request = node.request([mapOf("all", upTo(5), [wait], { concurrency: 2 })], { timeoutMs: 1_000 });
    const own = node.request([{ ...mapOf("some", upTo(5), [wait], { concurrency: 2 }), timeoutMs: 500 }]);
    mesh.settle();
    node.finishThis(node.waiting("wait")[2]!, "done");
    mesh.advance(499);
    expect(own.ends).toEqual([]);
    mesh.advance(2);
    const message = 'The time allowed for "some" ran out; 1 of 5 items had ended';
    expect(own.ends).toMatchObject([{ error: { code: "deadline", message, step: "some", outcome: "unknown" } }]);
    mesh.advance(500);
    expect(request.ends).toMatchObject([{ error: { code: "deadline", step: "all", outcome: "unknown" } }]);
    expect(node.aborted.map(({ reason }) => reason)).toEqual(Array(4).fill("deadline"));
    mesh.expectQuiet();
  });

  test("that nobody has begun is not applied (M5)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", [{}], [{ fun: "double", args: [use("item", "x", "y")] }])]);
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        error: {
          code: "path-missing",
          message: 'Cannot take item[0].x.y: item[0] has no "x"',
          step: "double[0]",
          outcome: "not-applied",
        },
      },
    ]);
    mesh.expectQuiet();
  });

  test("is too large when its results take more than a request may hold", () => {
    const { mesh, node } = single({ rpc: { resultBytesMax: 1_000 } });
    node.offer("grow", () => "x".repeat(300));
    const asked = node.request([mapOf("all", upTo(10), [{ fun: "grow" }])]);
    mesh.settle();
    const message = "The results that the request holds take 1212 bytes; the limit is 1000";
    expect(asked.ends).toMatchObject([{ error: { code: "too-large", message, step: "grow[3]" } }]);
    mesh.expectQuiet();
  });
});

describe("before a request with a map begins", () => {
  test("the functions of its items must have providers (Q3)", () => {
    const { mesh, node } = single();
    const asked = node.request([{ fun: "list" }, mapOf("all", use("list"), [{ fun: "nowhere" }])]);
    mesh.settle();
    expect(node.invoked).toEqual([]);
    expect(asked.ends).toMatchObject([{ error: { code: "no-provider", step: "nowhere", outcome: "not-applied" } }]);
  });

  test("the policy decides on the functions of its items, those of a map in a map too", () => {
    const policy: NonNullable<MeshNodeOptions["policy"]> = (_subject, action) =>
      action.kind === "call" && action.fun === "double" ? { allow: false, reason: "not this one" } : { allow: true };
    const { mesh, node } = single({ policy });
    const inner = mapOf("inner", use("row"), [double]);
    const asked = node.request([{ fun: "list" }, mapOf("all", use("list"), [inner], { item: "row" })]);
    mesh.settle();
    expect(node.invoked).toEqual([]);
    expect(asked.ends).toMatchObject([{ error: { code: "denied", step: "double", outcome: "not-applied" } }]);
  });

  test.each([
    [[mapOf("all", [1], [], { result: use("item") })], "empty-request", 'The map "all" has no step for its items'],
    [[mapOf("wait", [1], [wait])], "duplicate-step", 'Two steps of the request are named "wait"'],
    [
      [
        mapOf(
          "all",
          [1],
          [
            { name: "a", fun: "wait", args: [use("b")] },
            { name: "b", fun: "wait", args: [use("a")] },
          ],
        ),
      ],
      "cycle",
      "The references form a cycle: a → b → a (each step needs the next)",
    ],
  ])("its steps are checked: %#", (steps, code, message) => {
    const { mesh, node } = single();
    const asked = node.request(steps, { outputs: [] });
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code, message, outcome: "not-applied" } }]);
    mesh.expectQuiet();
  });
});
