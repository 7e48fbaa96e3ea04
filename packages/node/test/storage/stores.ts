/** Stores in folders of their own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { StoreOwner } from "../../../core/test/journal/store-owner.js";
import { openLmdbStore } from "../../src/storage/lmdb-store.js";

export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function newFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "mpreg-store-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A store with the tables `a` and `b`, in `dataDir` or a folder that goes with the test. */
export async function openStore(dataDir?: string): Promise<{ readonly owner: StoreOwner; readonly dataDir: string }> {
  let place = dataDir;
  if (place === undefined) {
    const folder = await newFolder();
    onTestFinished(folder.remove);
    place = folder.path;
  }
  const owner = new StoreOwner();
  owner.store = await openLmdbStore({ dataDir: place, tables: ["a", "b"], events: owner });
  return { owner, dataDir: place };
}
