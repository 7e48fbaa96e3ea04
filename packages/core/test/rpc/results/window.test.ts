/** How far ahead of what has come the reader of a large result allows more. */
import { expect, test } from "vitest";
import { Window, windowBytesFirst } from "../../../src/rpc/results/window.js";

const MiB = 1024 * 1024;
const chunkBytes = MiB / 4;

/**
 * Reads `totalBytes` from a holder that is `roundTripMs` away, over a way that carries `bytesPerMs`; answers the most that was
 * under way, in MiB, and how long it took.
 */
function read(roundTripMs: number, bytesPerMs: number, totalBytes: number) {
  const window = new Window();
  let allowedBytes = windowBytesFirst;
  /** What the holder is told, and when. */
  const told = [{ atMs: roundTripMs / 2, upTo: allowedBytes }];
  let widest = allowedBytes;
  let sentMs = 0;
  let nowMs = 0;
  for (let receivedBytes = chunkBytes; receivedBytes < totalBytes; receivedBytes += chunkBytes) {
    const permission = told.find(({ upTo }) => upTo >= receivedBytes);
    if (permission === undefined) throw new Error(`nothing more is allowed after ${receivedBytes} bytes`);
    sentMs = Math.max(sentMs, permission.atMs) + chunkBytes / bytesPerMs;
    nowMs = sentMs + roundTripMs / 2;
    const upTo = window.received(receivedBytes, allowedBytes, nowMs);
    if (upTo === undefined) continue;
    allowedBytes = upTo;
    told.push({ atMs: nowMs + roundTripMs / 2, upTo });
    widest = Math.max(widest, allowedBytes - receivedBytes);
  }
  return { widest: widest / MiB, tookMs: nowMs };
}

test.for([50, 10, 200])(
  "over a way of %i ms that is faster than the window it doubles up to 16 MiB, and no further (W1)",
  (roundTripMs) => {
    const { widest, tookMs } = read(roundTripMs, 64 * MiB, 256 * MiB);
    expect(widest).toBe(16);
    expect(tookMs).toBeLessThan(21 * roundTripMs); // 64 with 4 MiB for each round trip
  },
);

test("it grows as far as the distance needs it (W1)", () => {
  expect(read(50, MiB / 8, 256 * MiB).widest).toBe(8); // 6.25 MiB per round trip
});

test.for([
  [50, MiB / 64],
  [1, MiB / 2],
  [0.2, MiB / 2],
  [20, MiB / 10],
] as const)(
  "where %i ms and %f bytes/ms need no more than 4 MiB it stays, and nothing is slower for that (W2)",
  ([roundTripMs, bytesPerMs]) => {
    const { widest, tookMs } = read(roundTripMs, bytesPerMs, 64 * MiB);
    expect(widest).toBe(4);
    expect(tookMs).toBeLessThanOrEqual(roundTripMs + (64 * MiB) / bytesPerMs);
  },
);
