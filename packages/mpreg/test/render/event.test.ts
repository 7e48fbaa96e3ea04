/** The times at which events are shown to have happened. */
import { expect, test } from "vitest";
import { EventTimes } from "../../src/render/event.js";

test("what is told late is shown when it happened, and what happens then as long after the request was received", () => {
  const times = new EventTimes();
  const received = { kind: "received", requestId: "0-1", node: "a" } as const;
  expect(times.sinceMs({ ...received, ageMs: 1_400, atMs: 0 }, 50_000)).toBe(0);
  expect(times.sinceMs({ kind: "started", step: "s", node: "a", atMs: 30 }, 50_001)).toBe(30);
  expect(times.sinceMs({ kind: "finished" }, 50_200)).toBe(1_600);
});

test("what is told as it happens is shown since the request was received", () => {
  const times = new EventTimes();
  expect(times.sinceMs({ kind: "received", requestId: "0-1", node: "a" }, 50_000)).toBe(0);
  expect(times.sinceMs({ kind: "finished" }, 50_200)).toBe(200);
});
