/** Whether bytes are the same, and bytes as text. */
import { expect, test } from "vitest";
import { areSameBytes, hexOf } from "../../src/base/index.js";

test.for([
  [[], [], true],
  [[1, 2], [1, 2], true],
  [[1, 2], [1, 3], false],
  [[1, 2], [1, 2, 3], false], // the first is the beginning of the second
  [[1, 2, 3], [1, 2], false],
  [[], [1], false],
] as const)("%j and %j are the same: %j", ([one, other, same]) => {
  expect(areSameBytes(Uint8Array.from(one), Uint8Array.from(other))).toBe(same);
});

test("bytes are written with two digits each, all or a part of them", () => {
  const bytes = Uint8Array.of(0x00, 0x0f, 0xa0, 0xff);
  expect([hexOf(bytes), hexOf(bytes, 1, 3)]).toEqual(["000fa0ff", "0fa0"]);
});
