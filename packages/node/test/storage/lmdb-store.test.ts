import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c, seal } from "@mpreg/core/journal";
import { open } from "lmdb";
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

/** What a process that is not ours has written to the key `k` of table `a`. */
async function written(dataDir: string, record: Uint8Array): Promise<void> {
  const root = open({ path: join(dataDir, "store"), noSubdir: false, maxDbs: 64, overlappingSync: false });
  await root
    .openDB<Buffer, Buffer>("a", { encoding: "binary", keyEncoding: "binary" })
    .put(Buffer.from("k"), record as Buffer);
  await root.close();
}

test.each([
  [
    "of a newer version",
    () => newer(seal("value", bytes("v"), crc32c(bytes("k")))),
    /it is of version 2, .* use that one$/,
  ],
  ["that is whole, and belongs to another key", () => seal("value", bytes("v"), crc32c(bytes("l"))), /checksum/],
  ["that was cut off", () => seal("value", bytes("value"), crc32c(bytes("k"))).subarray(0, -1), /checksum/],
] as const)("a value %s is not believed, and the store freezes (L2, S4)", async (_what, record, why) => {
  const { owner, dataDir } = await openStore();
  await owner.close();
  await written(dataDir, Buffer.from(record()));
  const { owner: reader } = await openStore(dataDir);
  expect(() => reader.store.get("a", bytes("k"))).toThrow(why);
  expect(await reader.done([put("m", "v")])).toBe("frozen");
  await reader.close();
});

/** The same record as a later version would write it. */
function newer(record: Uint8Array): Uint8Array {
  record[0] = 2;
  const sum = crc32c(record, 12, record.length, crc32c(record, 0, 8, crc32c(bytes("k"))));
  Buffer.from(record.buffer).writeUInt32LE(sum, 8);
  return record;
}

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
