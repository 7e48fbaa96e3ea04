/** Which messages a subscription had lately. */
import { expect, test } from "vitest";
import { SeenIds, idsMax } from "../../../src/topics/consumer/seen-ids.js";
import { message } from "./support.js";

test("what was noted before a recall is known, and nothing else: not what came since, not what was forgotten (I1, I2)", () => {
  const seen = new SeenIds();
  for (let i = 0; i < idsMax + 100; i++) expect(seen.note(message(`id-${i}`), i)).toBe(true);
  expect(seen.forgottenMs).toBe(127); // the end of the block of 64 in which the last one stood that was forgotten
  expect(seen.note(message("id-200"), 1)).toBe(true); // nobody has asked to look
  seen.recall();
  for (let i = 101; i < idsMax + 100; i++) expect(seen.note(message(`id-${i}`), 2)).toBe(false);
  expect(seen.note(message("id-7"), 2)).toBe(true);
  expect(seen.note(message("id-7"), 2)).toBe(true);
});

test("looking ends when as much has come as is kept (I2)", () => {
  const seen = new SeenIds();
  seen.note(message("first"), 0);
  seen.recall();
  for (let i = 0; i < idsMax; i++) seen.note(message(`id-${i}`), 1);
  seen.note(message("one more"), 1);
  expect(seen.note(message("first"), 2)).toBe(true);
});

test("ids that differ in one character are two", () => {
  const seen = new SeenIds();
  seen.note(message("same"), 0);
  seen.note(message("x".repeat(200)), 0);
  seen.recall();
  expect(seen.note(message("same"), 1)).toBe(false);
  expect(seen.note(message("sama"), 1)).toBe(true);
  expect(seen.note(message("x".repeat(200)), 1)).toBe(false);
  expect(seen.note(message("x".repeat(199) + "y"), 1)).toBe(true);
});

test("a message of an id that another one had is not taken for it: publishers that count alike, one that names an order (I3)", () => {
  const seen = new SeenIds();
  seen.note(message("7", "first", { timestampMs: 1_795_164_200_000 }), 0);
  seen.recall();
  expect(seen.note(message("7", "later", { timestampMs: 1_795_164_200_001 }), 1)).toBe(true);
  expect(seen.note(message("7", "of another size", { timestampMs: 1_795_164_200_000 }), 1)).toBe(true);
  expect(seen.note(message("7", "first", { timestampMs: 1_795_164_200_000 }), 1)).toBe(false);
});

test("of messages that nothing tells apart as many are known as there were (I3)", () => {
  const seen = new SeenIds();
  seen.note(message("7", "a"), 0);
  seen.note(message("7", "b"), 0);
  seen.recall();
  expect(["a", "b", "c", "d"].map((payload) => seen.note(message("7", payload), 1))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  seen.recall();
  expect(["a", "b", "c", "d", "e"].map((payload) => seen.note(message("7", payload), 2))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
});

test("bytes that are no message do not matter", () => {
  const seen = new SeenIds();
  expect(seen.note(new Uint8Array(0), 0)).toBe(true);
  expect(seen.note(Uint8Array.of(0xff, 0xff, 0xff), 0)).toBe(true);
  expect(seen.note(Uint8Array.of(200, 1, 7), 0)).toBe(true);
});

test("of a million ids that count up, no two are taken for one", () => {
  const seen = new SeenIds();
  for (let i = 0; i < 1_000_000; i += idsMax) {
    for (let j = i; j < i + idsMax; j++) seen.note(message(`p3n9f0a1-${j}`), j);
    seen.recall();
    expect(seen.note(message(`p3n9f0a1-${i + idsMax}`), 0)).toBe(true);
    expect(seen.note(message(`q3n9f0a1-${i}`), 0)).toBe(true);
  }
});
