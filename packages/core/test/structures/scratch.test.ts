import { expect, test } from "vitest";
import { Scratch } from "../../src/structures/index.js";
import { collectGarbage } from "../support/garbage.js";

test("what is cleared is not read, and what is released is not held (H1)", async () => {
  const scratch = new Scratch<object>();
  const filled = (): WeakRef<object>[] => {
    const items: object[] = [{ n: 1 }, { n: 2 }];
    for (const item of items) scratch.push(item);
    expect([scratch.size, scratch.at(0) === items[0], scratch.at(1) === items[1]]).toEqual([2, true, true]);
    return items.map((item) => new WeakRef(item));
  };
  const held = filled();
  scratch.clear();
  expect(scratch.size).toBe(0);
  const next = { n: 3 };
  scratch.push(next);
  expect([scratch.size, scratch.at(0)]).toEqual([1, next]);
  scratch.release();
  await collectGarbage();
  await collectGarbage();
  expect(held.map((ref) => ref.deref())).toEqual([undefined, undefined]);
});
