/** Values on their way: client → node → another node → handler and all the way back, unchanged. */
import { deepStrictEqual } from "node:assert/strict";
import { expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";

/** Built by hand: a literal `__proto__:` would set the prototype. */
function withPrototypeKeys(): Record<string, unknown> {
  return JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":1},"hasOwnProperty":false,"then":1}`);
}

const values: readonly (readonly [string, unknown])[] = [
  [
    "a Map with keys of all kinds",
    new Map<unknown, unknown>([
      [1, "one"],
      ["two", new Map([[{ k: 1 }, [2]]])],
      [true, null],
    ]),
  ],
  ["a Set of Sets", new Set<unknown>([1, "a", new Set([2n])])],
  ["a Date", new Date("2024-02-29T12:34:56.789Z")],
  ["small and huge bigints", [0n, -1n, 2n ** 63n, -(2n ** 200n)]],
  ["a Uint8Array", Uint8Array.of(0, 1, 254, 255)],
  [
    "every other typed array",
    [
      Int8Array.of(-128, 127),
      Uint8ClampedArray.of(0, 255),
      Int16Array.of(-1),
      Uint16Array.of(65_535),
      Int32Array.of(-(2 ** 31)),
      Uint32Array.of(2 ** 32 - 1),
      Float32Array.of(0.5, Number.NaN),
      Float64Array.of(Math.PI, -0),
      BigInt64Array.of(-(2n ** 63n)),
      BigUint64Array.of(2n ** 64n - 1n),
    ],
  ],
  ["an ArrayBuffer and a DataView", [new ArrayBuffer(3), new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 0)]],
  [
    "numbers at the edges",
    [-0, Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 5e-324, 2 ** 53, 1.7976931348623157e308],
  ],
  ["nothing in its three shapes", [null, undefined, { missing: undefined }]],
  ["texts: empty, outside the BMP, lone surrogates, zero", ["", "👩‍👩‍👧", "\ud800", "a\u0000b", "ünïcödé"]],
  ["keys named like members of the prototype", withPrototypeKeys()],
  ["what looks like a reference", { $ref: "x", path: [0] }],
  ["nesting of 90 levels", Array.from({ length: 90 }).reduce<unknown>((inner) => [inner], "deep")],
  ["containers in each other", { list: [new Map([["set", new Set([{ at: new Date(0), bytes: Uint8Array.of(9) }])]])] }],
];

test.each(values)("%s arrives as it was sent, and so does the result", async (_what, value) => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  const seen: unknown[] = [];
  worker!.register("keep", (given: unknown) => {
    seen.push(given);
    return given;
  });
  await offered("keep", 1, entry!);
  const client = await clientOf(entry!);
  deepStrictEqual(await client.call("keep", [value]), value);
  const graph = client.graph();
  const passedOn = graph.call("keep", [{ inside: [graph.call("keep", [value])] }]);
  deepStrictEqual(await graph.run(passedOn), { inside: [value] });
  deepStrictEqual(seen, [value, value, { inside: [value] }]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("an invalid Date arrives as one", async () => {
  const [entry] = await startMesh({ name: "entry" });
  const answer = await (await clientOf(entry!)).call<Date>("echo", [new Date(Number.NaN)]);
  expect([answer instanceof Date, answer.getTime()]).toEqual([true, Number.NaN]);
});

test("bytes that a handler keeps and changes are its own: they change nobody else's", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  worker!.register("scribble", (bytes: Uint8Array) => bytes.fill(7).length);
  await offered("scribble", 1, entry!);
  const client = await clientOf(entry!);
  const graph = client.graph();
  const source = graph.call<Uint8Array>("echo", [new Uint8Array(10_000).fill(1)]);
  const scribbled = [graph.call("scribble", [source]), graph.call("scribble", [source])];
  const [counts, bytes] = await graph.run([scribbled, source] as const);
  expect([counts, new Set(bytes)]).toEqual([[10_000, 10_000], new Set([1])]);
});

test("an argument that the caller changes right after the call was sent as it stood", async () => {
  const [entry] = await startMesh({ name: "entry" });
  const client = await clientOf(entry!);
  const bytes = new Uint8Array(100_000).fill(1);
  const list = [1, 2, 3];
  const answer = client.call<[Uint8Array, number[]]>("echos", [bytes, list]);
  bytes.fill(9);
  list.push(4);
  const [sent, listed] = await answer;
  expect([new Set(sent), listed]).toEqual([new Set([1]), [1, 2, 3]]);
});

test("a megabyte of text and of bytes goes through two nodes and back", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  worker!.register("both", (text: string, bytes: Uint8Array) => ({ text, bytes }));
  await offered("both", 1, entry!);
  const text = "é".repeat(500_000);
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  const answer = await (await clientOf(entry!)).call<{ text: string; bytes: Uint8Array }>("both", [text, bytes]);
  expect(answer.text === text).toBe(true);
  expect(Buffer.compare(answer.bytes, bytes)).toBe(0);
});
