import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frameBytesMax } from "../../src/link/index.js";
import { frames } from "../../src/link/frames.js";
import { writeAnswer } from "../../src/wire/index.js";
import { frameOf, joined, messagesOf } from "../support/wire.js";

const value = new Uint8Array(2.5 * frameBytesMax);
const size = fc.oneof(
  fc.nat(1_000),
  fc.integer({ min: 200_000, max: 400_000 }),
  fc.integer({ min: frameBytesMax - 12, max: frameBytesMax }),
  fc.constant(value.length),
);

function batchOf(sizes: readonly number[]): Uint8Array {
  return frameOf(
    ...sizes.map((bytes, id) => (writer: Parameters<typeof writeAnswer>[0]) => {
      writeAnswer(writer, id, value.subarray(0, bytes));
    }),
  );
}

function idsIn(frame: Uint8Array): number[] {
  return messagesOf(frame).map((message) => (message.kind === "answer" ? message.id : NaN));
}

describe("frames", () => {
  test("a batch is cut between messages, into frames that are short or hold one message (S1)", () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 8 }), (sizes) => {
        const batch = batchOf(sizes);
        const cut = frames(batch);
        expect(Buffer.compare(joined(...cut), batch)).toBe(0);
        expect(cut.flatMap(idsIn)).toEqual([...sizes.keys()]);
        for (const frame of cut) expect(frame.length <= frameBytesMax || idsIn(frame).length === 1).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("no frame is cut shorter than it has to be", () => {
    const cut = frames(batchOf([400_000, 400_000, 400_000, 400_000, 400_000]));
    expect(cut.map(idsIn)).toEqual([[0, 1], [2, 3], [4]]);
  });

  test("a batch that is short enough is one frame, the same bytes", () => {
    const batch = batchOf([frameBytesMax - 20, 0]);
    expect(batch.length).toBe(frameBytesMax);
    expect(frames(batch)[0]).toBe(batch);
    expect(frames(batchOf([frameBytesMax - 19, 0]))).toHaveLength(2);
  });
});
