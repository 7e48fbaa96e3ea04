/**
 * State: whether there was a store in a folder, in a file of our own beside LMDB's. An empty folder is a new store; what is left of one that there was is not.
 *
 * (K1) `making` is on the disk before LMDB makes its file, `made` once that is there whole, and before anything was told to be kept.
 * (K2) A store that was made is never made anew: without LMDB's file, or with what is left of it, it is not opened.
 * (K3) One that was being made when its process ended is: nothing was kept in it.
 * (K4) What an older version has made has no such file, and gets one. It was made where there is anything of LMDB's.
 */
import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { damageOf } from "./lmdb-file.js";

const stateName = "state";

type State = "making" | "made";

/** Throws why the store in `folder` is not to be opened. Answers what is done once LMDB has opened it, and before it is used. */
export async function checkStore(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "data.mdb");
  const state = await readState(folder);
  const damage = await damageAt(path);
  if (damage === undefined) {
    if (state === "made") return () => Promise.resolve();
    return () => (state === undefined ? markOld(folder) : writeState(folder, "made"));
  }
  const wasMade = state === "made" || (state === undefined && !(damage.isMissing && (await isNew(folder)))); // (K4)
  if (wasMade) {
    throw new Error(
      `${path} ${damage.what}. Restore the folder ${folder} from a copy, or move it away to begin anew without what it held`,
    ); // (K2)
  }
  await rm(path, { force: true }); // (K3)
  if (state === undefined) await writeState(folder, "making");
  return () => writeState(folder, "made"); // (K1)
}

interface Damage {
  readonly what: string;
  readonly isMissing: boolean;
}

async function damageAt(path: string): Promise<Damage | undefined> {
  const file = await ifThere(open(path, "r"));
  if (file === undefined) return { what: "is missing, and the store was made before", isMissing: true };
  try {
    const what = await damageOf(file);
    return what === undefined ? undefined : { what, isMissing: false };
  } finally {
    await file.close();
  }
}

/** Whether LMDB has never been here: its lock is the first that it makes. */
async function isNew(folder: string): Promise<boolean> {
  return (await ifThere(stat(join(folder, "lock.mdb")))) === undefined;
}

async function readState(folder: string): Promise<State | undefined> {
  const path = join(folder, stateName);
  const text = (await ifThere(readFile(path, "utf8")))?.trim();
  if (text === undefined || text === "making" || text === "made") return text;
  throw new Error(`${path} should hold "making" or "made": restore it from a copy`);
}

/** A store of an older version; its disk may be full, and it is to be used all the same: then this is done at a later start. (K4) */
async function markOld(folder: string): Promise<void> {
  try {
    await writeState(folder, "made");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
  }
}

/** The old state or the new one, never a part of one; with all names of the folder, LMDB's file among them. */
async function writeState(folder: string, state: State): Promise<void> {
  const path = join(folder, stateName);
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  await synced(file, () => file.writeFile(`${state}\n`));
  await rename(beside, path);
  if (process.platform === "win32") return; // which opens no folders
  for (const each of [folder, dirname(folder)]) await synced(await open(each, "r"));
}

async function synced(file: FileHandle, write?: () => Promise<void>): Promise<void> {
  try {
    await write?.();
    await file.sync();
  } finally {
    await file.close();
  }
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
