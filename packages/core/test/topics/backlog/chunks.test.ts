import { describe, expect, it } from "vitest";
import { Chunks, type Chunk } from "../../../src/topics/backlog/chunks.js";

const chunkBytes = 16 * 1024;
const messageBytes = 128;

/** Grown as a topic's chunks grow, until they are as large as they get. */
function grown(chunks: Chunks): Chunk {
  let chunk: Chunk | undefined;
  while (chunk?.bytes.length !== chunkBytes) {
    const next = chunks.next(messageBytes, chunk);
    if (chunk !== undefined) chunks.free(chunk);
    chunk = next;
  }
  return chunk;
}

describe("chunks of the backlog", () => {
  it("takes no new memory for many topics that all need their next chunk and then give back their oldest (K1)", () => {
    const chunks = new Chunks();
    const topics = Array.from({ length: 200 }, () => Array.from({ length: 10 }, () => grown(chunks)));
    const known = new Set<ArrayBufferLike>();
    for (let round = 0; round < 20; round++) {
      for (const own of topics) own.push(chunks.next(messageBytes, own.at(-1)));
      if (round > 0) expect(topics.every((own) => known.has((own.at(-1) as Chunk).bytes.buffer))).toBe(true);
      for (const own of topics) known.add((own.at(-1) as Chunk).bytes.buffer);
      for (const own of topics) {
        const oldest = own.shift() as Chunk;
        known.add(oldest.bytes.buffer);
        chunks.free(oldest);
      }
    }
  });

  it("keeps a quarter of what is in use as spare memory, and 1 MiB when nothing is (K1)", () => {
    const chunks = new Chunks();
    const used = Array.from({ length: 4_096 }, () => grown(chunks));
    for (const chunk of used) chunks.free(chunk);
    expect(chunks.bytes).toBe(0);
    const buffers = new Set(used.map(({ bytes }) => bytes.buffer));
    const again = Array.from({ length: 4_096 }, () => chunks.next(messageBytes, used[0]));
    expect(again.filter(({ bytes }) => buffers.has(bytes.buffer))).toHaveLength((1024 * 1024) / chunkBytes);
  });
});
