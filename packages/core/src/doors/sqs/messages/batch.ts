/** Batch: what holds for all batches: how many entries, and their ids. Each throws `SqsError`. */
import { SqsError, ofCluster } from "../errors.js";
import { sqsLimits } from "../limits.js";
import type { FailedEntry } from "../types.js";
import { MpregError } from "../../../base/index.js";

const idForm = /^[A-Za-z0-9_-]{1,80}$/;

export function checkBatch(entries: readonly { readonly Id: string }[], action: string): void {
  if (entries.length === 0)
    throw new SqsError("EmptyBatchRequest", `There should be at least one ${action}RequestEntry in the request.`);
  const { batchEntriesMax } = sqsLimits;
  if (entries.length > batchEntriesMax) {
    throw new SqsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${batchEntriesMax}. You have sent ${entries.length}.`,
    );
  }
  const ids = new Set<string>();
  for (const { Id } of entries) {
    if (!idForm.test(Id)) {
      throw new SqsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (ids.has(Id)) throw new SqsError("BatchEntryIdsNotDistinct", `Id ${Id} repeated.`);
    ids.add(Id);
  }
}

/** An entry that was not done. */
export function failedEntry(id: string, reason: unknown): FailedEntry {
  const error = reason instanceof MpregError ? ofCluster(reason) : reason;
  if (!(error instanceof SqsError)) throw error;
  return { Id: id, SenderFault: error.isSenderFault, Code: error.queryCode, Message: error.message };
}
