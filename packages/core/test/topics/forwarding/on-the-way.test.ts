/** Since when messages are on their way to a node: `on-the-way.ts`. */
import { expect, test } from "vitest";
import { OnTheWay } from "../../../src/topics/forwarding/on-the-way.js";

test("the oldest that was not taken counts with the first that was sent within a tenth of a second of it (O1)", () => {
  const way = new OnTheWay();
  expect(way.sinceMs).toBe(Infinity);
  way.sent(10, 1_000);
  way.sent(10, 1_050);
  way.sent(10, 1_200);
  expect([way.taken(15), way.sinceMs]).toEqual([1_000, 1_000]);
  expect([way.taken(5), way.sinceMs]).toEqual([1_000, 1_200]);
  expect([way.clear(), way.sinceMs]).toEqual([1_200, Infinity]);
});

test("however much is sent, nothing that was not taken is forgotten (O2)", () => {
  const way = new OnTheWay();
  for (let message = 0; message < 1_000; message++) way.sent(1, message * 200);
  way.taken(256);
  expect(way.sinceMs).toBe(51_000);
  way.taken(743);
  expect(way.sinceMs).toBe(51_000);
  expect([way.taken(1), way.sinceMs]).toEqual([51_000, Infinity]);
});
