/**
 * Purging: all that a queue has is gone, or the queue itself.
 *
 * (P1) It is told to be gone once that is on the disk: where there is much, by one row that says so, and the rest is swept (`sweeping.ts`).
 */
import type { MpregError } from "../../base/index.js";
import type { Queue } from "../queue.js";
import { forgetAsleep } from "../message/sleeping.js";
import { rowsMax } from "./sweeping.js";
import type { QueueEnd } from "../types.js";

/** What was sent before is gone; what is leased, too. */
export function purge(queue: Queue, end: (end: QueueEnd<"purge">) => void, nowMs: number): void {
  const { tables, sweeping } = queue.host;
  const before = queue.nextSequence;
  const isSwept = queue.durable && (queue.room.messages > rowsMax || sweeping.has(queue.id));
  const gone = isSwept ? [tables.putPurged(queue.id, before)] : tables.deleteMessages(queue.id, before);
  const operations = queue.durable ? gone : [];
  const wiped = queue.wipe(before);
  const done = (at: number): void => {
    wiped(true);
    let purged = forgetAsleep(queue, before, at);
    queue.figures.purged += purged;
    for (let message = queue.log.first; message !== undefined && message.sequence < before; message = queue.log.first) {
      queue.remove(message, "purged", at);
      purged += 1;
    }
    if (isSwept) sweeping.messages(queue.id, before);
    else queue.note(operations); // what receivers did meanwhile wrote rows behind the deletion; also forgotten at a restart
    end({ kind: "done", value: purged });
    queue.serve(at);
  };
  const failed = (error: MpregError): void => {
    wiped(false);
    end({ kind: "failed", error });
  };
  queue.commit(operations, { done, failed }, nowMs);
}

/** Nobody finds the queue any more once it is `gone`. */
export function deleteQueue(
  queue: Queue,
  gone: () => void,
  end: (end: QueueEnd<"delete">) => void,
  nowMs: number,
): void {
  const { tables, sweeping } = queue.host;
  const { room, dedup, keys } = queue;
  const isSwept = queue.durable && (room.messages + dedup.size + keys.size > rowsMax || sweeping.has(queue.id));
  const operations = !queue.durable ? [] : isSwept ? [tables.deleteRecord(queue.id)] : tables.deleteQueue(queue.id);
  const wiped = queue.wipe(Infinity);
  const done = (): void => {
    wiped(true);
    const { size } = queue.log;
    gone();
    if (isSwept) sweeping.queue(queue.id);
    else queue.note(operations); // what fell due meanwhile wrote rows behind the deletion; also forgotten at a restart
    queue.deleted();
    end({ kind: "done", value: size });
  };
  const failed = (error: MpregError): void => {
    wiped(false);
    end({ kind: "failed", error });
  };
  queue.commit(operations, { done, failed }, nowMs);
}
