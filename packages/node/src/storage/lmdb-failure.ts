/**
 * What a failed commit of LMDB means: no room, after which the store goes on, or a disk that has failed, after which nobody knows.
 *
 * (F1) LMDB says "Input/output error" of a write that was cut short, which is what a full disk does to it, too. It was one if there is less room than the
 *      transaction may take.
 * (F2) To take a failed disk that is nearly full for a full one does no harm: the transaction's pages are in no tree, and are written anew by the next.
 */
import { statfsSync } from "node:fs";
import { MpregError } from "@mpreg/core/base";
import type { Batch, CommitEnd } from "@mpreg/core/journal";

/** Numbers of LMDB's and the system's errors (`lmdb.h`, `errno.h`). */
const mapFull = -30792;
const noSpace = 28;
const overQuota = 122;
const inputOutput = 5;

const pageBytes = 4_096;
/** Pages that any transaction may take: those of the tables' trees, the free list's. */
const pagesAlways = 64;

/** Bytes that a group may take of the disk, at most: LMDB writes whole pages, and never where they were. */
export function roomWanted(group: readonly Batch[]): number {
  let bytes = pagesAlways * pageBytes;
  for (const batch of group) {
    for (const operation of batch) {
      bytes += 2 * pageBytes;
      if (operation.kind === "put") bytes += 2 * operation.value.length;
    }
  }
  return bytes;
}

/** What a rejected promise of a commit comes to. */
export async function commitEndOf(thrown: unknown, folder: string, bytesWanted: number): Promise<CommitEnd> {
  const error = await reasonOf(thrown);
  const { code } = error as { readonly code?: unknown };
  if (code === mapFull || code === noSpace || code === overQuota) return { kind: "full" };
  if (code === inputOutput && roomIn(folder) < bytesWanted) return { kind: "full" }; // (F1, F2)
  const what = `The store in ${folder} has failed and takes nothing any more until its node is started again. Look after its disk`;
  return { kind: "failed", error: storageFailed(what, error, "unknown") };
}

/** LMDB tells why a commit failed in a second promise. */
async function reasonOf(thrown: unknown): Promise<unknown> {
  const { commitError } = (thrown ?? {}) as { readonly commitError?: unknown };
  if (!(commitError instanceof Promise)) return thrown;
  return commitError.then(
    () => thrown,
    (reason: unknown) => reason,
  );
}

function roomIn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity; // a disk that does not even tell that has failed
  }
}

export function storageFailed(
  what: string,
  cause: unknown,
  outcome: "not-applied" | "unknown" = "not-applied",
): MpregError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MpregError("storage-failed", `${what}: ${why}`, { cause, outcome });
}
