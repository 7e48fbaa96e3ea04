import { expect, test } from "vitest";
import { RecentSet } from "@mpreg/core/structures";

test("a recent set keeps as many as it may, and tells what has to go for a new one: the one that was added first", () => {
  const set = new RecentSet<string>(2);
  expect(["a", "b", "c"].map((value) => set.add(value))).toEqual([undefined, undefined, "a"]);
  expect(["a", "b", "c"].map((value) => set.has(value))).toEqual([false, true, true]);
});

test("what is added again is the latest, and takes no other's place", () => {
  const set = new RecentSet<string>(2);
  expect(["a", "b", "a", "c"].map((value) => set.add(value))).toEqual([undefined, undefined, undefined, "b"]);
  expect(set.has("a")).toBe(true);
});

test("what is deleted makes room", () => {
  const set = new RecentSet<number>(1);
  set.delete(1);
  set.add(1);
  set.delete(1);
  expect(set.has(1)).toBe(false);
  expect(set.add(2)).toBeUndefined();
});
