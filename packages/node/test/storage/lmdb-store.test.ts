import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeStore } from "../../../core/test/journal/store-contract.js";
import { StoreOwner, bytes, content, put } from "../../../core/test/journal/store-owner.js";
import { openLmdbStore } from "../../src/storage/lmdb-store.js";
import { newFolder, openStore } from "./stores.js";

describeStore(
  "a store on LMDB",
  async () => {
    const folder = await newFolder();
    return {
      open: (events, limits) => openLmdbStore({ dataDir: folder.path, tables: ["a", "b"], events, limits }),
      remove: folder.remove,
    };
  },
  { isDurable: true, runs: 20 },
);

test("a store that somebody has is not opened a second time, and is free once it is closed (L4)", async () => {
  const { owner, dataDir } = await openStore();
  await expect(openLmdbStore({ dataDir, tables: ["a"], events: owner })).rejects.toThrow(
    /^The data directory .*store is in use by process \d+/,
  );
  await owner.close();
  const again = await openStore(dataDir);
  await again.owner.close();
});

test("a value that has rotted on the disk is not believed, and the store freezes (L2, S4)", async () => {
  const { owner, dataDir } = await openStore();
  await owner.done([put("k", "a value that can be found in the file"), put("l", "another")]);
  await owner.close();
  const file = join(dataDir, "store", "data.mdb");
  const content = await readFile(file);
  const at = content.indexOf("a value that can be found");
  content[at + 3] = (content[at + 3] as number) ^ 1;
  await writeFile(file, content);

  const { owner: reader } = await openStore(dataDir);
  expect(() => reader.store.get("a", bytes("k"))).toThrow(/^Cannot read a value of the table "a" in .*checksum/);
  expect(await reader.done([put("m", "v")])).toBe("frozen");
  expect(reader.freeze).toMatchObject({ unknown: undefined, error: { code: "storage-failed" } });
  expect(reader.told).toEqual(["frozen", "refused 1 frozen"]);
  await reader.close();
});

test("a file that is no database is not opened, and the lock is given back", async () => {
  const { owner, dataDir } = await openStore();
  await owner.close();
  await writeFile(join(dataDir, "store", "data.mdb"), Buffer.alloc(100_000, 7));
  for (let attempt = 0; attempt < 2; attempt++) {
    const opening = openLmdbStore({ dataDir, tables: ["a"], events: new StoreOwner() });
    await expect(opening).rejects.toMatchObject({ code: "storage-failed", outcome: "not-applied" });
  }
});

test("tables of another run are left alone", async () => {
  const { owner, dataDir } = await openStore();
  await owner.done([put("k", "v", "b")]);
  await owner.close();
  const one = new StoreOwner();
  one.store = await openLmdbStore({ dataDir, tables: ["a", "c"], events: one });
  await one.done([put("k", "w", "c")]);
  await one.close();
  const again = await openStore(dataDir);
  expect(content(again.owner.store, "b")).toEqual(["k=v"]);
  await again.owner.close();
});
