/** Memory: what a world of nodes holds after it has had much to do, and has nothing to do any more. */
import { expect, test } from "vitest";
import { usedBytes } from "../support/garbage.js";
import { Mesh } from "../support/mesh.js";
import type { Asked, MeshNode } from "../support/mesh-node.js";
import type { ResultRef } from "../../src/wire/index.js";
import { use } from "../support/requests.js";

const MiB = 1024 * 1024;
const blockBytes = MiB;
const rounds = 60;

/** Without what the mesh itself writes down for its tests. */
async function heldBytes({ nodes }: Mesh): Promise<number> {
  for (const { sent, invoked, aborted, told, events } of nodes) {
    for (const record of [sent, invoked, aborted, told, events]) record.length = 0;
  }
  return usedBytes();
}

function* blocks(count: number): Generator {
  for (let i = 0; i < count; i++) yield new Uint8Array(blockBytes / 8).fill(i);
}

/** A chain over large results, and a stream that is read to its end, left, or never read. */
async function round(mesh: Mesh, [a, b]: readonly MeshNode[], number: number): Promise<void> {
  const chain = a!.request([
    { fun: "make" },
    { fun: "turn", args: [use("make")] },
    { fun: "count", args: [use("turn")] },
  ]);
  mesh.settle();
  expect(chain.ends).toEqual([{ outputs: [blockBytes] }]);
  const opened: Asked = a!.call("blocks", [6]);
  mesh.settle();
  const [end] = opened.ends as { readonly value: ResultRef }[];
  const reader = (number % 2 === 0 ? a! : b!).read(end!.value);
  for (let item = 0; item < (number % 3) * 3; item++) {
    let isThere = false;
    const next = reader.next().then(() => (isThere = true));
    for (let turns = 0; turns < 100 && !isThere; turns++) {
      mesh.settle();
      await Promise.resolve();
    }
    await next;
  }
  await reader.return();
  mesh.settle();
}

test("after many requests with large results and streams in one world all tables are empty, and its memory is what it was", async () => {
  const mesh = new Mesh();
  const nodes = mesh.cluster("a", "b", "c");
  const [a, b, c] = nodes;
  b!.offer("make", () => new Uint8Array(blockBytes).fill(1));
  c!.offer("turn", (bytes: Uint8Array) => bytes.map((byte) => byte + 1));
  a!.offer("count", (bytes: Uint8Array) => bytes.length);
  c!.offer("blocks", blocks as never);
  mesh.settle();
  for (let warm = 0; warm < 6; warm++) await round(mesh, nodes, warm);
  mesh.advance(120_000);
  const before = await heldBytes(mesh);
  for (let number = 0; number < rounds; number++) await round(mesh, nodes, number);
  mesh.advance(120_000);
  mesh.expectQuiet();
  // it moved three results of a MiB, and up to six blocks, a round
  expect((await heldBytes(mesh)) - before).toBeLessThan(8 * MiB);
});
