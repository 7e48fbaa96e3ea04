/**
 * LMDB's file, looked at before it is opened. LMDB believes what its first two pages say: where the file is something else's, or shorter than they say, the
 * process would end without a word (tried: lmdb 3.5.6).
 *
 * (B1) A file that does not hold every page that its newest transaction leads to is not opened. It may be shorter than LMDB says: what it has never written
 *      of its last pages, because they were free again by then.
 * (B2) What LMDB writes once and never again, in both of its first pages, has to be in both: with one of them it would go on from an older transaction.
 *
 * What has rotted within the pages is not seen here. Values have checksums of their own; the pages that lead to them have none.
 */
import type { FileHandle } from "node:fs/promises";
import { areThere, pageBytesMax, pageBytesMin } from "./lmdb-pages.js";

/** Where a first page has what is looked at (`MDB_meta`, little endian), and the numbers that have to be there. */
const at = { magic: 24, version: 28, pageBytes: 48, freeRoot: 88, mainRoot: 136, lastPage: 144, transaction: 152 };
const magic = 0xbeefc0de;
const version = 2;
const headBytes = 160;

/** One of the two pages that say where all else is; the one with the higher number of a transaction counts. */
interface Meta {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly lastPage: number;
  readonly transaction: bigint;
}

/** What is wrong with a file of LMDB's, as a part of a sentence that begins with its path; `undefined` where nothing is seen to be. */
export async function damageOf(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat();
  if (size === 0) return "is empty: 0 bytes are left of what it held";
  const first = await readMeta(file, 0);
  if (typeof first === "string") return size < headBytes ? cutOff(size, headBytes) : first;
  if (size < 2 * first.pageBytes) return cutOff(size, 2 * first.pageBytes);
  const second = await readMeta(file, first.pageBytes); // (B2)
  if (typeof second === "string") return second;
  if (second.pageBytes !== first.pageBytes) return noDatabase;
  const newest = second.transaction > first.transaction ? second : first;
  const bytes = (newest.lastPage + 1) * newest.pageBytes;
  if (size >= bytes) return undefined;
  const pages = Math.floor(size / newest.pageBytes);
  return (await areThere(file, newest, pages)) ? undefined : cutOff(size, bytes); // (B1)
}

const noDatabase = "is no database: it is damaged, or something else's";

function cutOff(size: number, bytes: number): string {
  return `was cut off: it has ${size} bytes, and had at least ${bytes} when it was last written`;
}

async function readMeta(file: FileHandle, position: number): Promise<Meta | string> {
  const head = Buffer.alloc(headBytes);
  const { bytesRead } = await file.read(head, 0, headBytes, position);
  if (bytesRead < headBytes || head.readUInt32LE(at.magic) !== magic) return noDatabase;
  const found = head.readUInt32LE(at.version) & 0xffff;
  if (found !== version) return `is of version ${found} of LMDB's format, and only ${version} is read`;
  const pageBytes = head.readUInt32LE(at.pageBytes);
  const isSize = pageBytes >= pageBytesMin && pageBytes <= pageBytesMax && (pageBytes & (pageBytes - 1)) === 0;
  if (!isSize) return noDatabase;
  return {
    pageBytes,
    roots: [head.readBigUInt64LE(at.freeRoot), head.readBigUInt64LE(at.mainRoot)],
    lastPage: Number(head.readBigUInt64LE(at.lastPage)),
    transaction: head.readBigUInt64LE(at.transaction),
  };
}
