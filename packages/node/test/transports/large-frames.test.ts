/** Frames larger than what a socket takes at once: the link goes on after them, in both directions. */
import { expect, test } from "vitest";
import { clientOf, startMesh, startPair } from "../support/cluster.js";
import { Latch } from "../support/latch.js";

const largeBytes = 6 * 1024 * 1024;
const soon = { timeoutMs: 5_000 };

test("a link goes on after an argument and a result of several megabytes (W2)", async () => {
  const { node, client } = await startPair();
  node.register("make", (length: number) => new Uint8Array(length));
  node.register("measure", (bytes: Uint8Array) => bytes.length);
  for (let round = 0; round < 3; round++) {
    expect(await client.call<Uint8Array>("make", [largeBytes], soon)).toHaveLength(largeBytes);
    expect(await client.call("measure", [new Uint8Array(largeBytes)], soon)).toBe(largeBytes);
    expect(await client.call("echo", [round], soon)).toBe(round);
  }
});

test("a link between nodes goes on after a step of several megabytes (W2)", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  if (entry === undefined || worker === undefined) throw new Error("there are two nodes");
  worker.register("copy", (bytes: Uint8Array) => bytes);
  const client = await clientOf(entry);
  for (let round = 0; round < 3; round++) {
    const options = { ...soon, waitForCapacity: true };
    expect(await client.call<Uint8Array>("copy", [new Uint8Array(largeBytes)], options)).toHaveLength(largeBytes);
  }
});

test("results that together are more than may wait for a link come all, and other work behind the link goes on (O3)", async () => {
  const limits = { queueBytesMax: 1024 * 1024, windowBytes: 64 * 1024 };
  const [entry, worker] = await startMesh({ name: "entry", limits }, { name: "worker", limits });
  if (entry === undefined || worker === undefined) throw new Error("there are two nodes");
  const release = new Latch();
  worker.register("make", (length: number) => new Uint8Array(length));
  worker.register("hold", () => release.passed);
  const [client, other] = [await clientOf(entry), await clientOf(entry)];
  const held = other.call("hold", [], { waitForCapacity: true });
  const made = await Promise.all([1, 2, 3].map(() => client.call<Uint8Array>("make", [1024 * 1024], soon)));
  expect(made.map((bytes) => bytes.length)).toEqual([1024 * 1024, 1024 * 1024, 1024 * 1024]);
  release.open();
  await held;
});
