/**
 * LMDB's file, looked at before it is opened: what is no database of LMDB would end the process where LMDB opens it (tried: lmdb 3.5.6).
 *
 * What is damaged behind its first page is not seen here. Values have checksums of their own; the pages that lead to them have none.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";

/** Where the first page has LMDB's number, and the number (`MDB_MAGIC`, little endian). */
const magicAt = 24;
const magic = 0xbeefc0de;
const versionAt = 28;
const version = 2;
const headBytes = 32;

/** Throws what is wrong with the database in `folder`, if it is there. One without a byte is a new one. */
export async function checkDatabase(folder: string): Promise<void> {
  const path = join(folder, "data.mdb");
  const head = Buffer.alloc(headBytes);
  const length = await readHead(path, head);
  if (length === 0) return;
  if (length < headBytes || head.readUInt32LE(magicAt) !== magic) {
    throw new Error(`${path} is no database: it is damaged, or something else's. Restore it from a copy, or remove it`);
  }
  const found = head.readUInt32LE(versionAt) & 0xffff;
  if (found !== version)
    throw new Error(`${path} is of version ${found} of LMDB's format, and only ${version} is read`);
}

async function readHead(path: string, head: Buffer): Promise<number> {
  try {
    const file = await open(path, "r");
    try {
      return (await file.read(head, 0, head.length, 0)).bytesRead;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
