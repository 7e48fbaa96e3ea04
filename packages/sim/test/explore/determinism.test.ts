/** The same seed is the same world. */
import { expect, test } from "vitest";
import { runSeed } from "../../src/index.js";

test("a seed that is run again has the same trace, line by line (X1)", async () => {
  for (const seed of [3, 4, 44, 2137]) {
    const first = await runSeed(seed, { trace: true });
    await runSeed(seed + 1); // whatever happens in between
    const second = await runSeed(seed, { trace: true });
    expect(second.lines).toEqual(first.lines);
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.ends).toEqual(first.ends);
    expect(first.lines.length).toBeGreaterThan(200);
  }
});

test("writing the trace down does not change what happens (X1)", async () => {
  const [silent, written] = [await runSeed(5), await runSeed(5, { trace: true })];
  expect(written.traceHash).toBe(silent.traceHash);
  expect(silent.lines).toEqual([]);
});

test("other seeds are other worlds", async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) hashes.add((await runSeed(seed)).traceHash);
  expect(hashes.size).toBe(20);
});
