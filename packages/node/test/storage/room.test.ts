import type { Batch } from "@mpreg/core/journal";
import { describe, expect, test } from "vitest";
import { type FileRoom, hasRoom } from "../../src/storage/room.js";

const kib = 1024;
const key = new Uint8Array(12);
const put = (bytes: number): Batch => [{ kind: "put", table: "t", key, value: new Uint8Array(bytes) }];
const del: Batch = [{ kind: "delete", table: "t", key }];

/** What the least room is in which a group is begun, in steps of a page; of a file of 16 MiB of which that part is free. */
function leastKib(group: readonly Batch[], freePart: number): number {
  const bytes = 16 * kib * kib;
  const file: FileRoom = { bytes, freeBytes: bytes * freePart };
  for (let room = 0; room < 64 * kib; room += 4) if (hasRoom(room * kib, group, () => file)) return room;
  return Infinity;
}

describe("room for a transaction", () => {
  test("is asked of the file only where the disk has little", () => {
    const unasked = (): FileRoom => {
      throw new Error("it was asked");
    };
    expect(hasRoom(64 * kib * kib, [put(100)], unasked)).toBe(true);
    expect(hasRoom(400 * kib, [del], unasked)).toBe(true);
    expect(() => hasRoom(800 * kib, [put(100)], unasked)).toThrow("it was asked");
  });

  test("is there for a delete where all that it may write fits, whatever is free (V2)", () => {
    expect(leastKib([del], 0)).toBe(264);
    expect(leastKib([del, del, del], 1)).toBe(280);
  });

  test("is kept for deletes where nothing is free (V2)", () => {
    expect(leastKib([put(100)], 0)).toBe(264 + 4 + 1_024);
    expect(leastKib([del, put(100)], 0)).toBe(272 + 4 + 1_024);
  });

  test("of which pages in a row may take a part, where some are free (V3)", () => {
    expect(leastKib([put(10_000)], 0.25)).toBe(264 + 20 + 512);
    expect(leastKib([put(100_000)], 0.01)).toBe(264 + 196 + 1_024);
  });

  test("and single pages all but what a delete takes, as do any where most of the file is free: else it would stay full without what has filled it (V4)", () => {
    expect(leastKib([put(100)], 0.25)).toBe(264 + 4 + 264);
    expect(leastKib([put(4_060)], 0.25)).toBe(264 + 8 + 264);
    expect(leastKib([put(4_061)], 0.25)).toBe(264 + 8 + 512);
    expect(leastKib([put(100), put(10_000)], 0.49)).toBe(272 + 20 + 512);
    expect(leastKib([put(10_000)], 0.5)).toBe(264 + 20 + 264);
  });
});
