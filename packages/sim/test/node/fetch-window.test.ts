/** Large results over long distances: as fast as the way, and no more of them under way than it needs. */
import { expect, test } from "vitest";
import { settle, simulate } from "../../src/index.js";

const MiB = 1024 * 1024;
const roundTripMs = 50;

/** How long a value of 64 MiB takes from one node to another that are `roundTripMs` apart. */
async function fetchMs(bytesPerMs: number): Promise<number> {
  const times: number[] = [];
  const world = await simulate({
    seed: 1,
    network: { latencyMs: [roundTripMs / 2, roundTripMs / 2], bytesPerMs },
    nodes: [
      { name: "near", functions: { size: (value: Uint8Array) => value.length } },
      { name: "far", functions: { make: (bytes: number) => new Uint8Array(bytes) } },
    ],
  });
  const client = await world.connect("near");
  for (const bytes of [1, 64 * MiB]) {
    const beganMs = world.nowMs;
    const graph = client.graph();
    expect(await graph.run(graph.call("size", [graph.call("make", [bytes])]))).toBe(bytes);
    times.push(world.nowMs - beganMs);
  }
  await settle(world);
  return times[1]! - times[0]!; // what calls take anyway
}

test("a value of 64 MiB takes less than 9 round trips over a long way that is fast, not one per 4 MiB (W1)", async () => {
  expect(await fetchMs(Infinity)).toBeLessThan(9 * roundTripMs);
});
