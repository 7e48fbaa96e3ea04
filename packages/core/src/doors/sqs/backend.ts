/**
 * Backend: what the SQS door asks of whoever has the queues.
 *
 * Every question is answered once, by its `end`, in the same call or later, and not after it was cancelled. What a
 * cancelled question had begun may be done all the same, but for a waiting receive, which leases nothing then.
 *
 * What is no receipt of the queue at all is refused with `invalid-argument`; `stale-receipt` is for leases that are over, which
 * deleting may take for done (`actions/settle.ts`).
 */
import type { MpregError } from "../../base/index.js";
import type { Operation, QueueEnd, QueueOperation, QueueSettings } from "../../queues/index.js";

/** A queue that there is. */
export interface QueueRecord {
  readonly name: string;
  readonly settings: QueueSettings;
}

export type BackendEnd<T> =
  { readonly kind: "done"; readonly value: T } | { readonly kind: "failed"; readonly error: MpregError };

export type Cancel = () => void;

export interface SqsBackend {
  /** Makes a queue; one of that name that is there already is the answer as it is. */
  create(
    name: string,
    settings: Partial<QueueSettings>,
    end: (end: BackendEnd<{ readonly record: QueueRecord; readonly isNew: boolean }>) => void,
  ): Cancel;
  /** Looks a queue up for the door: whether whoever asks may see it is another question ({@link unseen}). */
  find(name: string, end: (end: BackendEnd<QueueRecord | undefined>) => void): Cancel;
  /** All queues whose names begin so, by name, as far as whoever asks may know of them. */
  list(prefix: string, end: (end: BackendEnd<readonly QueueRecord[]>) => void): Cancel;
  operate<O extends Operation>(
    queue: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    end: (end: QueueEnd<O>) => void,
  ): Cancel;
  /** Why whoever asks may not know of a queue what {@link find} tells, if so. Default: everybody may. */
  unseen?(queue: string): MpregError | undefined;
}
