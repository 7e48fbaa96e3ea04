/** What calls and requests under way hold on a node together: arguments, and results that others still need. */
import { expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

const limits = { heldBytesMax: 100_000 };
const bytes = (length: number): Uint8Array => new Uint8Array(length);

test("arguments of calls that have not ended are held; beyond the bound a call is overloaded, and goes when others have ended", async () => {
  const { node, client } = await startPair({ limits });
  const release = new Latch();
  let running = 0;
  node.register("hold", async (value: Uint8Array) => {
    running += 1;
    await release.passed;
    return value.length;
  });
  const held = [client.call("hold", [bytes(45_000)]), client.call("hold", [bytes(45_000)])];
  await eventually("both run", () => running === 2);
  expect(told(await failureOf(client.call("hold", [bytes(20_000)])))).toEqual({
    code: "overloaded",
    message: expect.stringMatching(
      /^Cannot call "hold" with 200\d\d bytes: what is under way on this node holds 900\d\d already; the limit is 100000 \(limits\.heldBytesMax\)$/,
    ),
    step: "hold",
    node: "solo",
    outcome: "not-applied",
  });
  const small = client.call("hold", [bytes(1_000)]);
  await eventually("what fits runs", () => running === 3);
  release.open();
  expect(await Promise.all([...held, small])).toEqual([45_000, 45_000, 1_000]);
  expect(await client.call("hold", [bytes(95_000)])).toBe(95_000);
});

test("a single call may be larger than the bound; a nested one that has no room is refused, and nothing hangs", async () => {
  const { node, client } = await startPair({ limits });
  node.register("outer", async (value: Uint8Array) => (await node.call<Uint8Array>("echo", [value])).length);
  expect(await client.call("echo", [bytes(300_000)])).toHaveLength(300_000);
  expect(await client.call("outer", [bytes(40_000)])).toBe(40_000);
  expect((await failureOf(client.call("outer", [bytes(60_000)]))).message).toContain("limits.heldBytesMax");
});

test("a step whose node has no room goes to another one", async () => {
  const [entry, full, free] = await startMesh({ name: "entry" }, { name: "full", limits }, { name: "free" });
  const release = new Latch();
  let running = 0;
  for (const node of [full!, free!]) {
    node.register("hold", async (_value: Uint8Array) => {
      running += 1;
      await release.passed;
      return node.name;
    });
  }
  await offered("hold", 2, entry!);
  const client = await clientOf(entry!);
  const calls = Array.from({ length: 6 }, () => client.call<string>("hold", [bytes(60_000)]));
  await eventually("all run", () => running === 6);
  release.open();
  expect((await Promise.all(calls)).sort()).toEqual(["free", "free", "free", "free", "free", "full"]);
});

test("a request holds the arguments of all its steps until it ends, and is refused as a whole", async () => {
  const { node, client } = await startPair({ limits });
  const release = new Latch();
  let running = 0;
  node.register("wait", async () => {
    running += 1;
    await release.passed;
    return bytes(3);
  });
  node.register("sizes", (...values: readonly Uint8Array[]) => values.map((value) => value.length));
  const later = { name: "later", fun: "sizes", args: [bytes(60_000), { $ref: "wait" }] };
  const first = client.request([{ name: "wait", fun: "wait" }, later]);
  await eventually("its first step runs", () => running === 1);
  const second = [
    { name: "a", fun: "sizes", args: [bytes(25_000)] },
    { name: "b", fun: "sizes", args: [bytes(25_000)] },
  ];
  expect(told(await failureOf(client.request(second)))).toMatchObject({
    code: "overloaded",
    message: expect.stringMatching(
      /^Cannot run the request with 500\d\d bytes: what is under way on this node holds 600\d\d already; the limit is 100000 \(limits\.heldBytesMax\)$/,
    ),
    node: "solo",
    outcome: "not-applied",
  });
  release.open();
  expect(await first).toEqual({ later: [60_000, 3] });
  expect(Object.keys(await client.request(second))).toEqual(["a", "b"]);
});

test("results that a request holds count; the one that goes beyond the bound fails, as applied", async () => {
  const { node, client } = await startPair({ limits });
  const release = new Latch();
  let running = 0;
  node.register("make", (length: number) => "x".repeat(length));
  node.register("size", (text: string) => text.length);
  node.register("wait", async () => {
    running += 1;
    await release.passed;
  });
  const holding = (length: number) =>
    client.request([
      { name: "made", fun: "make", args: [length] },
      { name: "wait", fun: "wait", args: [{ $ref: "made", path: ["length"] }] },
      { name: "after", fun: "size", args: [{ $ref: "made" }, { $ref: "wait" }] },
    ]);
  const first = holding(60_000);
  await eventually("it waits for its second step", () => running === 1);
  expect(told(await failureOf(holding(50_000)))).toMatchObject({
    code: "overloaded",
    message: expect.stringMatching(
      /^Cannot keep a result of 500\d\d bytes: what is under way on this node holds 60\d\d\d already; the limit is 100000 \(limits\.heldBytesMax\)$/,
    ),
    step: "made",
    outcome: "applied",
  });
  release.open();
  expect(await first).toEqual({ after: 60_000 });
  expect(await holding(50_000)).toEqual({ after: 50_000 }); // all was given back, by the one that failed, too
  for (let i = 0; i < 3; i++) {
    expect((await client.request([{ name: "made", fun: "make", args: [50_000] }]))["made"]).toHaveLength(50_000);
  }
});
