/** Streams for those who cannot take their items one by one: arrays, as long as they may be. */
import { expect, test } from "vitest";
import type { RpcLimits } from "../../../src/rpc/index.js";
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

test("the list of a map is a value like others (A1)", () => {
  const { mesh, a, b, expectOver } = two();
  b.offer("size", (block: Uint8Array) => block.length);
  mesh.settle();
  const asked = a.request([
    { name: "blocks", fun: "there", args: [5_000, 30] },
    mapOf("all", use("blocks"), [{ fun: "size", args: [use("item")] }]),
  ]);
  mesh.settle();
  expect(asked.ends).toMatchObject([{ outputs: [{ length: 30 }] }]);
  expectOver(1);
});
