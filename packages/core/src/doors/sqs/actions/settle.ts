/**
 * Actions on a lease: to delete its message, or to change how long it lasts.
 *
 * (L1) A visibility timeout of 0 makes the message available at once.
 * (L2) Deleting with a receipt whose lease has ended deletes the message of a standard queue as long as nobody has received it since, as AWS documents:
 *      "the most recently received" receipt counts. Else it does nothing, which is no error there (it may be the repetition of a delete whose answer was
 *      lost); at a FIFO queue it is one.
 */
import type { MpregError } from "../../../base/index.js";
import type { SettleEnd } from "../../../queues/index.js";
import type { QueueRecord } from "../backend.js";
import { SqsError, invalidParameter, missingParameter, ofCluster } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { checkBatch, failedEntry } from "../messages/batch.js";
import { checkRange } from "../messages/checks.js";
import type { BatchResult, FailedEntry, ReceiptEntry } from "../types.js";
import type { Turn } from "../turn.js";
import type { Action } from "./action.js";

/** What is wrong with the end of a receipt; `undefined` where all is well. */
type Judge = (end: SettleEnd | undefined, receipt: string) => SqsError | undefined;

export const deleteMessage: Action<"DeleteMessage"> = ({ QueueUrl, ReceiptHandle: receipt }, turn, done) => {
  acknowledge(QueueUrl, [receipt], turn, ([end], judge) => {
    const error = judge(end, receipt);
    if (error !== undefined) throw error;
    done(undefined);
  });
};

export const deleteMessageBatch: Action<"DeleteMessageBatch"> = ({ QueueUrl, Entries }, turn, done) => {
  checkBatch(Entries, "DeleteMessageBatch");
  acknowledge(QueueUrl, Entries.map(receiptOf), turn, (ends, judge) => {
    done(batchOf(Entries, ends, judge));
  });
};

export const changeMessageVisibility: Action<"ChangeMessageVisibility"> = (input, turn, done) => {
  const { QueueUrl, ReceiptHandle: receipt, VisibilityTimeout: seconds } = input;
  checkRange(seconds, "VisibilityTimeout", 0, sqsLimits.visibilitySecondsMax);
  turn.queue(QueueUrl, ({ name }) => {
    change(name, [receipt], seconds, turn, ([end]) => {
      const error = changed(end, receipt);
      if (error !== undefined) throw error;
      done(undefined);
    });
  });
};

export const changeMessageVisibilityBatch: Action<"ChangeMessageVisibilityBatch"> = (
  { QueueUrl, Entries },
  turn,
  done,
) => {
  checkBatch(Entries, "ChangeMessageVisibilityBatch");
  const failed: FailedEntry[] = [];
  const bySeconds = new Map<number, ReceiptEntry[]>();
  for (const entry of Entries) {
    try {
      const { VisibilityTimeout: seconds } = entry;
      if (seconds === undefined) throw missingParameter("VisibilityTimeout");
      checkRange(seconds, "VisibilityTimeout", 0, sqsLimits.visibilitySecondsMax);
      const together = bySeconds.get(seconds);
      if (together === undefined) bySeconds.set(seconds, [entry]);
      else together.push(entry);
    } catch (error) {
      failed.push(failedEntry(entry.Id, error));
    }
  }
  turn.queue(QueueUrl, ({ name }) => {
    changeEach(name, [...bySeconds], turn, [], failed, done);
  });
};

/** One operation for all entries of one timeout; mostly there is one. */
function changeEach(
  name: string,
  groups: (readonly [number, readonly ReceiptEntry[]])[],
  turn: Turn,
  successful: { readonly Id: string }[],
  failed: FailedEntry[],
  done: (result: BatchResult<{ readonly Id: string }>) => void,
): void {
  const [group, ...rest] = groups;
  if (group === undefined) return done({ Successful: successful, Failed: failed });
  const [seconds, entries] = group;
  change(name, entries.map(receiptOf), seconds, turn, (ends) => {
    const { Successful, Failed } = batchOf(entries, ends, changed);
    changeEach(name, rest, turn, [...successful, ...Successful], [...failed, ...Failed], done);
  });
}

function change(
  name: string,
  receipts: readonly string[],
  seconds: number,
  turn: Turn,
  then: (ends: readonly SettleEnd[]) => void,
): void {
  if (seconds === 0)
    turn.operate<"release">(name, { op: "release", receipts, delayMs: 0 }, then); // (L1)
  else turn.operate<"extend">(name, { op: "extend", receipts, visibilityMs: seconds * 1_000 }, then);
}

/** What kind of queue it is matters, and is asked for, where something was refused. */
function acknowledge(
  url: string,
  receipts: readonly string[],
  turn: Turn,
  then: (ends: readonly SettleEnd[], judge: Judge) => void,
): void {
  turn.operate<"ack">(turn.nameIn(url), { op: "ack", receipts, late: true }, (ends) => {
    if (ends.length === receipts.length && ends.every(({ kind }) => kind === "done")) then(ends, () => undefined);
    else {
      turn.queue(url, (record) => {
        then(ends, deleted(record));
      });
    }
  });
}

function receiptOf({ ReceiptHandle }: ReceiptEntry): string {
  return ReceiptHandle;
}

function batchOf(
  entries: readonly ReceiptEntry[],
  ends: readonly SettleEnd[],
  judge: Judge,
): BatchResult<{ readonly Id: string }> {
  const successful: { readonly Id: string }[] = [];
  const failed: FailedEntry[] = [];
  entries.forEach(({ Id, ReceiptHandle }, at) => {
    const error = judge(ends[at], ReceiptHandle);
    if (error === undefined) successful.push({ Id });
    else failed.push(failedEntry(Id, error));
  });
  return { Successful: successful, Failed: failed };
}

/** (L2) */
function deleted({ settings: { order } }: QueueRecord): Judge {
  return (end, receipt) => {
    if (end?.kind === "done") return undefined;
    if (!isStale(end?.error)) return notValid(end?.error, receipt);
    return order === "fifo" ? invalidParameter(receipt, "ReceiptHandle", "The receipt handle has expired.") : undefined;
  };
}

const changed: Judge = (end, receipt) => {
  if (end?.kind === "done") return undefined;
  if (!isStale(end?.error)) return notValid(end?.error, receipt);
  const reason = "Message does not exist or is not available for visibility timeout change.";
  return new SqsError(
    "MessageNotInflight",
    `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: ${reason}`,
  );
};

function isStale(error: MpregError | undefined): boolean {
  return error?.code === "stale-receipt";
}

function notValid(error: MpregError | undefined, receipt: string): SqsError {
  if (error === undefined) return new SqsError("InternalFailure", "Nothing is known of this receipt handle");
  if (error.code !== "invalid-argument" && error.code !== "malformed") return ofCluster(error);
  return new SqsError("ReceiptHandleIsInvalid", `The input receipt handle "${receipt}" is not a valid receipt handle.`);
}
