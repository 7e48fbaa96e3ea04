/**
 * What a failed commit of LMDB means: its map is full, after which the store goes on, or a disk that has failed, after which nobody knows.
 *
 * (F1) A disk that turns out to be full has failed, too: that a transaction finds room is looked at before (`room.ts`), and LMDB does not come through the other.
 */
import { MpregError } from "@mpreg/core/base";
import type { CommitEnd } from "@mpreg/core/journal";

/** LMDB's number (`lmdb.h`). */
const mapFull = -30792;

/** What a rejected promise of a commit comes to. */
export async function commitEndOf(thrown: unknown, folder: string): Promise<CommitEnd> {
  const error = await reasonOf(thrown);
  if ((error as { readonly code?: unknown }).code === mapFull) return { kind: "full" };
  const what = `The store in ${folder} has failed and takes nothing any more until its node is started again. Look after its disk`;
  return { kind: "failed", error: storageFailed(what, error, "unknown") }; // (F1)
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

export function storageFailed(
  what: string,
  cause: unknown,
  outcome: "not-applied" | "unknown" = "not-applied",
): MpregError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MpregError("storage-failed", `${what}: ${why}`, { cause, outcome });
}
