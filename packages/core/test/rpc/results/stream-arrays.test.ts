/** Streams for those who cannot take their items one by one: arrays, as long as they may be. */
import { describe, expect, test } from "vitest";
import { HeldBytes } from "../../../src/rpc/held-bytes.js";
import type { RpcLimits } from "../../../src/rpc/index.js";
import { ArrayRoom } from "../../../src/rpc/results/item-array.js";
import { RequestBudget, type StepScope } from "../../../src/rpc/request/request-budget.js";
import { Mesh } from "../../support/mesh.js";
import { mapOf, use } from "../../support/requests.js";

/** Whoever asks takes no streams. */
const arrays = { takesStreams: false } as const;

/** Node a asks, node b makes: streams without end, of numbers or of blocks. */
function two(rpc: Partial<RpcLimits> = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc: { streamArrayBytesMax: 100_000, ...rpc } });
  const b = mesh.node("b", { peers: ["a"] });
  mesh.advance(2_000);
  let made = 0;
  let ended = 0;
  function* items(bytes: number, count: number): Generator {
    try {
      for (let index = 0; index < count; index++, made++) yield bytes === 0 ? 7 : new Uint8Array(bytes);
    } finally {
      ended += 1;
    }
  }
  for (const [node, name] of [
    [a, "here"],
    [b, "there"],
  ] as const) {
    node.offer(name, (bytes: number, count = Infinity) => items(bytes, count));
  }
  mesh.settle();
  const expectOver = (runs: number): void => {
    mesh.advance(1_000);
    expect(ended).toBe(runs);
    expect(a.machine.size.heldBytes + b.machine.size.heldBytes).toBe(0);
    mesh.expectQuiet();
  };
  return { mesh, a, b, made: () => made, expectOver };
}

const message =
  "A stream of more than 100000 bytes cannot be collected into an array (limits.streamArrayBytesMax); clients of the native protocol, and handlers that run in no thread, take its items one by one";

test.for([
  { fun: "here", bytes: 0 },
  { fun: "there", bytes: 0 },
  { fun: "here", bytes: 5_000 },
  { fun: "there", bytes: 5_000 },
  { fun: "there", bytes: 200_000 },
])(
  "one without end is refused when it is longer than an array may be, and its maker ended: $fun, items of $bytes (A1)",
  ({ fun, bytes }) => {
    const { mesh, a, made, expectOver } = two();
    const asked = a.request([{ name: "endless", fun, args: [bytes] }], arrays);
    mesh.settle();
    expect(asked.ends).toEqual([{ error: expect.objectContaining({ code: "too-large", message }) as unknown }]);
    expect(asked.ends).toMatchObject([{ error: { step: "endless", outcome: "unknown" } }]);
    expect(made()).toBeLessThan(1_000_000);
    expectOver(1);
  },
);

test("all that one answer has share the room (A1)", () => {
  const { mesh, a, expectOver } = two();
  const one = a.request([{ name: "one", fun: "there", args: [5_000, 15] }], arrays);
  mesh.settle();
  expect(one.ends).toMatchObject([{ outputs: [{ length: 15 }] }]);
  const each = { args: [5_000, 15] };
  const both = a.request(
    [
      { name: "one", fun: "there", ...each },
      { name: "two", fun: "here", ...each },
    ],
    arrays,
  );
  mesh.settle();
  expect(both.ends).toMatchObject([{ error: { code: "too-large", outcome: "unknown" } }]);
  expectOver(3);
});

test("what is collected counts with all that is held (A2)", () => {
  const { mesh, a, expectOver } = two({ heldBytesMax: 50_000 });
  const asked = a.request([{ name: "endless", fun: "there", args: [1_000] }], arrays);
  mesh.settle();
  expect(asked.ends).toMatchObject([{ error: { code: "overloaded", step: "endless", outcome: "unknown" } }]);
  expectOver(1);
});

function scopeIn(within: StepScope | undefined): StepScope {
  return { steps: 0, arrayBytes: 0, within };
}

describe("of maps", () => {
  const advice = {
    list: "a step that takes the stream reads its items one by one",
    items: "have the items of the map answer with less",
  };
  const tooLong = (told: string): string =>
    `A stream of more than 100000 bytes cannot be collected into an array (limits.streamArrayBytesMax); ${told}`;
  const size = { fun: "size", args: [use("item")] };

  /** The same, where node b tells sizes and counts how often. */
  function mapped(rpc: Partial<RpcLimits> = {}) {
    const world = two(rpc);
    let begun = 0;
    world.b.offer("size", (block: Uint8Array | readonly unknown[]) => {
      begun += 1;
      return block.length;
    });
    world.mesh.settle();
    return { ...world, begun: () => begun };
  }

  test("a stream is the list", () => {
    const { mesh, a, expectOver } = mapped();
    const asked = a.request([{ name: "blocks", fun: "there", args: [5_000, 15] }, mapOf("all", use("blocks"), [size])]);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ outputs: [{ length: 15 }] }]);
    expectOver(1);
  });

  test.for(["here", "there"])(
    "a list of more bytes than an array may have is refused, and its maker ended: %s (C3)",
    (fun) => {
      const { mesh, a, begun, expectOver } = mapped();
      const asked = a.request([{ name: "blocks", fun, args: [5_000] }, mapOf("all", use("blocks"), [size])]);
      mesh.settle();
      const error = { code: "too-large", message: tooLong(advice.list), step: "all", outcome: "unknown" };
      expect(asked.ends).toMatchObject([{ error }]);
      expect(begun()).toBe(0);
      expectOver(1);
    },
  );

  test.for(["here", "there"])(
    "a list of more items than maps may run steps for is refused at the first beyond, and its maker ended: %s (A3)",
    (fun) => {
      const { mesh, a, made, begun, expectOver } = mapped({ mapStepsMax: 1_000 });
      const two = [
        { name: "one", ...size },
        { name: "other", ...size },
      ];
      const asked = a.request([{ name: "numbers", fun, args: [0] }, mapOf("all", use("numbers"), two)]);
      mesh.settle();
      const message = 'The map "all" runs 1002 steps for its first 501 items; the limit is 1000 (limits.mapStepsMax)';
      expect(asked.ends).toMatchObject([{ error: { code: "too-large", message, step: "all", outcome: "unknown" } }]);
      expect(made()).toBeLessThan(100_000); // those that were on their way
      expect(begun()).toBe(0);
      expectOver(1);
    },
  );

  test("a list of as many items as maps may run steps for is taken (A3)", () => {
    const { mesh, a, expectOver } = mapped({ mapStepsMax: 1_000 });
    const asked = a.request([
      { name: "numbers", fun: "there", args: [0, 1_000] },
      mapOf("all", use("numbers"), [{ fun: "size", args: [[]] }], { concurrency: 1_000 }),
    ]);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ outputs: [{ length: 1_000 }] }]);
    expectOver(1);
  });

  test("what stands beside the list's own items is a part of one: as long as bytes allow (A3)", () => {
    const { mesh, a, expectOver } = mapped({ mapStepsMax: 10 });
    const asked = a.request([
      { name: "numbers", fun: "there", args: [0, 1_000] },
      mapOf("all", [use("numbers")], [size]),
    ]);
    mesh.settle();
    expect(asked.ends).toMatchObject([{ outputs: [[1_000]] }]);
    expectOver(1);
  });

  test.for(["here", "there"])(
    "an item that comes to a stream without end is refused, and its maker ended: %s (C3)",
    (fun) => {
      const { mesh, a, expectOver } = mapped();
      const asked = a.request([mapOf("all", [5_000], [{ name: "blocks", fun, args: [use("item")] }])]);
      mesh.settle();
      const error = { code: "too-large", message: tooLong(advice.items), outcome: "unknown" };
      expect(asked.ends).toMatchObject([{ error }]);
      expectOver(1);
    },
  );

  test("all that the maps of a request collect share the room, also of maps in maps (C3)", () => {
    const { mesh, a, expectOver } = mapped();
    const blocks = { name: "blocks", fun: "there", args: [5_000, use("item")] };
    const some = a.request([mapOf("all", [5, 5, 5], [blocks])]);
    mesh.settle();
    expect(some.ends).toMatchObject([{ outputs: [[{ length: 5 }, { length: 5 }, { length: 5 }]] }]);
    const error = { code: "too-large", message: tooLong(advice.items), outcome: "unknown" };
    const many = a.request([mapOf("all", [5, 5, 15], [blocks], { concurrency: 1 })]);
    mesh.settle();
    expect(many.ends).toMatchObject([{ error }]);
    const inner = mapOf("inner", use("item"), [{ ...blocks, args: [5_000, use("each")] }], { item: "each" });
    const nested = a.request([mapOf("outer", [[5, 5], [15]], [inner], { concurrency: 1 })]);
    mesh.settle();
    expect(nested.ends).toMatchObject([{ error }]);
    expectOver(3 + 3 + 3);
  });

  test("what could not be collected to its end does not count, what is told does, and is held by whoever has it (C3)", () => {
    const held = new HeldBytes(1_000);
    const total = new RequestBudget(held, { resultBytesMax: 1_000, mapStepsMax: 10 }).arraysOf(scopeIn(undefined));
    const limit = { bytesMax: 100, option: "limits.streamArrayBytesMax", advice: "" };
    const [lost, again, more] = Array.from({ length: 3 }, () => new ArrayRoom(limit, held, total));
    expect(lost!.take(60)).toBeUndefined();
    expect([total.bytes, held.bytes]).toEqual([60, 60]);
    lost!.giveBack();
    expect(again!.take(60)).toBeUndefined();
    again!.told();
    expect([total.bytes, held.bytes]).toEqual([60, 0]);
    expect(more!.take(60)).toMatchObject({ code: "too-large" });
  });

  test("what was collected for what begins anew does not count, nor does what was collected within it (C3)", () => {
    const budget = new RequestBudget(new HeldBytes(1_000), { resultBytesMax: 1_000, mapStepsMax: 10 });
    const map = scopeIn(undefined);
    const item = scopeIn(map);
    budget.arraysOf(map).add(100);
    const ofItem = budget.arraysOf(item);
    ofItem.add(20);
    budget.giveBackSteps(item);
    expect([ofItem.bytes, map.arrayBytes, item.arrayBytes]).toEqual([100, 100, 0]);
    ofItem.add(30);
    budget.giveBackSteps(map);
    expect([ofItem.bytes, map.arrayBytes]).toEqual([0, 0]);
  });
});
