import { type LogOpened, openLogStore } from "@mpreg/core/journal";
import { expect, test } from "vitest";
import { StoreOwner, content, put } from "../../../core/test/journal/store-owner.js";
import { World } from "../../src/index.js";

test("a node's disk outlives its processes, and a crash of its machine leaves what was synced", async () => {
  const world = new World({ seed: 1, nodes: [{ name: "n1" }] });
  const node = world.node("n1");
  const open = async (): Promise<StoreOwner> => {
    const owner = new StoreOwner(() => world.sleep(0.1));
    let result: LogOpened | undefined;
    const later = (run: () => void): void => {
      world.after(0, run);
    };
    openLogStore({ tables: ["a"], events: owner, later, disk: node.disk, random: world.random("log") }, (opened) => {
      result = opened;
    });
    await owner.until(() => result !== undefined);
    if (result?.kind !== "open") throw new Error("the log is not opened");
    owner.store = result.store;
    return owner;
  };
  const owner = await open();
  await owner.done([put("k", "v")]);
  node.disk.setFaults({ syncMs: [10_000, 10_000] });
  owner.write([put("l", "v")]);
  await world.sleep(100);
  node.crash({ silent: true });
  node.restart();
  node.disk.setFaults({});
  await world.sleep(20_000);
  expect(owner.ends.size).toBe(1); // what the dead process waited for is not told
  expect(content((await open()).store)).toContain("k=v");
});
