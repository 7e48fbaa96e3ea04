import { expect, test } from "vitest";
import { MemoryStore } from "../../src/journal/index.js";
import { describeStore } from "./store-contract.js";
import { StoreOwner, content, drop, dropRange, put } from "./store-owner.js";

const later = (run: () => void): void => {
  setImmediate(run);
};

describeStore(
  "a store in memory",
  () =>
    Promise.resolve({
      open: (events, limits) => Promise.resolve(new MemoryStore({ tables: ["a", "b"], events, later, limits })),
    }),
  { isDurable: false, runs: 100 },
);

test("of a group that finds no room those batches are refused that find none by themselves (G3, M1)", async () => {
  const owner = new StoreOwner();
  owner.store = new MemoryStore({ tables: ["a"], events: owner, later, bytesMax: 10 });
  owner.write([put("a", "1234")]);
  owner.write([drop("a"), put("b", "12"), put("c", "1234567890")]);
  owner.write([put("d", "1234")]);
  owner.write([put("e", "1234567890")]);
  owner.write([dropRange("d", "e"), put("f", "12")]);
  expect(await owner.done([put("g", "1")])).toBe("persisted");
  expect([...owner.ends.values()]).toEqual(["persisted", "full", "persisted", "full", "persisted", "persisted"]);
  expect([...owner.ends.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(content(owner.store)).toEqual(["a=1234", "f=12", "g=1"]);
  expect(owner.store.figures().waitingBytes).toBe(0);
});
