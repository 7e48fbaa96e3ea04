/** Withdrawing: a message is taken back before anybody has it. */
import type { MpregError } from "../../base/index.js";
import { type Entry, entriesOf } from "../message/message.js";
import type { Queue } from "../queue.js";
import { restoreMessage } from "./restoring.js";
import { failureOf } from "../outcomes/results.js";
import type { QueueEnd } from "../types.js";

/** It is gone once that is on the disk; who has leased it keeps it. */
export function withdraw(queue: Queue, id: string, end: (end: QueueEnd<"withdraw">) => void, nowMs: number): void {
  const message = queue.byId(id);
  const entries = message === undefined ? [] : entriesOf(message);
  const isFree = ({ state }: Entry): boolean => state === "available" || state === "delayed";
  if (message === undefined || entries.length === 0 || !(entries.every(isFree) || queue.dependents.isFree(message))) {
    end({ kind: "done", value: false });
    return;
  }
  const isWaiting = queue.dependents.isWaiting(message);
  if (isWaiting) queue.dependents.hold(message); // else it could be received while it goes
  for (const entry of entries) if (isFree(entry)) queue.laneOf(entry)?.settle(entry);
  const done = (at: number): void => {
    queue.remove(message, "purged", at);
    end({ kind: "done", value: true });
    queue.serve(at);
  };
  const failed = (error: MpregError, at: number): void => {
    if (error.outcome !== "unknown") {
      queue.dependents.stays(message);
      if (!isWaiting || queue.expiry.isOver(message, at)) restoreMessage(queue, message, at);
      else queue.dependents.release(message, at);
    }
    end({ kind: "failed", error });
    queue.serve(at);
  };
  const operations = queue.undoneOf(message);
  if (message.marks?.keepResult === true) {
    operations.push(...queue.results.operations(message, failureOf(message, "purged")));
  }
  queue.commit(operations, { done, failed }, nowMs);
}
