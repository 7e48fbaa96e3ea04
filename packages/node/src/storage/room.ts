/**
 * Room: whether a transaction finds room, asked before LMDB begins it.
 *
 * (V1) LMDB gets none for which the disk may have no room: after such a failure its memory is not what it was (tried: lmdb 3.5.6 ends the process with
 *      "malloc(): invalid size").
 * (V2) The last of the disk is for what frees room. LMDB writes changed pages anew before it gives the old ones free: without any room nothing could be
 *      deleted, and the disk would stay full for ever.
 * (V3) On a disk without more room, what is put goes where LMDB has given pages free. These it may not find in one piece: so some of what is kept may be
 *      used up, and as much stays for deletes, which use the same pages again and again.
 */
import { statfsSync } from "node:fs";
import { type Batch, freesRoom } from "@mpreg/core/journal";

const pageBytes = 4_096;
/** Pages that any transaction may take: those of the tables' trees, the free list's. */
const pagesAlways = 64;
const keptBytes = 1_048_576;
/** Parts of the free pages that are counted on. (V3) */
const freePart = 0.5;

/** Bytes that a group may take of the disk, at most: LMDB writes whole pages, and never where they were. */
function roomWanted(group: readonly Batch[]): number {
  let bytes = pagesAlways * pageBytes;
  for (const batch of group) {
    for (const operation of batch) {
      bytes += 2 * pageBytes;
      if (operation.kind === "put") bytes += 2 * operation.value.length;
    }
  }
  return bytes;
}

/** Whether the disk of `folder` has room for a group; `freeBytes` of the database are free within its file. */
export function hasRoom(folder: string, group: readonly Batch[], freeBytes: () => number): boolean {
  const left = roomIn(folder) - roomWanted(group);
  if (left >= keptBytes) return true;
  if (group.every(freesRoom)) return left >= 0; // (V2)
  return left >= keptBytes / 2 && freeBytes() * freePart >= roomWanted(group); // (V3)
}

function roomIn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity; // whatever is wrong with such a disk, the transaction will tell
  }
}

/** What LMDB tells of one of its trees (`mdb_stat`), and of all (`mdb_env_info`). */
export interface TreePages {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Bytes of pages in the file that belong to no tree; the last transaction's are used by the next but one. */
export function freeBytesOf(lastPageNumber: number, trees: readonly TreePages[]): number {
  let pages = lastPageNumber + 1 - 2; // two that say which is the newest transaction
  for (const { treeBranchPageCount, treeLeafPageCount, overflowPages } of trees) {
    pages -= treeBranchPageCount + treeLeafPageCount + overflowPages;
  }
  return pages * pageBytes;
}
