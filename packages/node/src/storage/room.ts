/**
 * Room: whether a transaction finds room, asked before LMDB begins it.
 *
 * (V1) LMDB gets none for which the disk may have no room: after such a failure its memory is not what it was (tried: lmdb 3.5.6 ends the process with
 *      "malloc(): invalid size").
 * (V2) The last of the disk is for what frees room. LMDB writes changed pages anew before it gives the old ones free: without any room nothing could be
 *      deleted, and the disk would stay full for ever.
 * (V3) On a disk without more room, what is put goes where LMDB has given pages free. These it may not find in one piece: so some of what is kept may be
 *      used up, and as much stays for deletes, which use the same pages again and again.
 * (V4) What needs no pages in a row finds those that are free, and so does anything where most of the file is free: the file does not grow by it, and only
 *      the room that a delete takes is kept. Else a disk that its own messages have filled would stay full when all of them are gone, for LMDB's file never
 *      shrinks.
 */
import { statfsSync } from "node:fs";
import { type Batch, freesRoom, recordHeaderBytes } from "@mpreg/core/journal";

const pageBytes = 4_096;
/** Pages that any transaction may take: those of the tables' trees, the free list's. */
const pagesAlways = 64;
const keptBytes = 1_048_576;
/** Parts of the free pages that are counted on. (V3) */
const freePart = 0.5;
/** Part of the file that is free where pages in a row are found. (V4) */
const mostPart = 0.5;
const pageHeaderBytes = 24;

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

/** What one delete may take. */
const deleteBytes = (pagesAlways + 2) * pageBytes;

/** Bytes of the database's file, and those of them that are free within it. */
export interface FileRoom {
  readonly bytes: number;
  readonly freeBytes: number;
}

/** Whether a group finds room where the disk has `roomBytes` left; `file` is asked where that is little. */
export function hasRoom(roomBytes: number, group: readonly Batch[], file: () => FileRoom): boolean {
  const wanted = roomWanted(group);
  const left = roomBytes - wanted;
  if (left >= keptBytes) return true;
  if (group.every(freesRoom)) return left >= 0; // (V2)
  const { bytes, freeBytes } = file();
  if (freeBytes * freePart < wanted) return false; // (V3)
  const isFound = freeBytes >= bytes * mostPart || group.every(takesSinglePages);
  return left >= (isFound ? deleteBytes : keptBytes / 2); // (V4, V3)
}

function takesSinglePages(batch: Batch): boolean {
  const valueBytesMax = pageBytes - pageHeaderBytes - recordHeaderBytes;
  return batch.every((operation) => operation.kind !== "put" || operation.value.length <= valueBytesMax);
}

/** Bytes that the disk of `folder` has left for a process that is not privileged. */
export function roomIn(folder: string): number {
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

/** Free are the pages that belong to no tree; the last transaction's are used by the next but one. */
export function fileRoomOf(lastPageNumber: number, trees: readonly TreePages[]): FileRoom {
  let pages = lastPageNumber + 1 - 2; // two that say which is the newest transaction
  for (const { treeBranchPageCount, treeLeafPageCount, overflowPages } of trees) {
    pages -= treeBranchPageCount + treeLeafPageCount + overflowPages;
  }
  return { bytes: (lastPageNumber + 1) * pageBytes, freeBytes: pages * pageBytes };
}
