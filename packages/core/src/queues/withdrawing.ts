/** Withdrawing: a message is taken back before anybody has it. */
import type { MpregError } from "../base/index.js";
import type { Lane } from "./lane.js";
import { type Entry, entriesOf } from "./message/message.js";
import type { Queue } from "./queue.js";
import { failureOf } from "./results.js";
import type { QueueEnd } from "./types.js";

/** It is gone once that is on the disk; who has leased it keeps it. */
export function withdraw(queue: Queue, id: string, end: (end: QueueEnd<"withdraw">) => void, nowMs: number): void {
  const message = queue.byId(id);
  const entries = message === undefined ? [] : entriesOf(message);
  const isFree = ({ state }: Entry): boolean => state === "available" || state === "delayed";
  if (
    message === undefined ||
    entries.length === 0 ||
    !(entries.every(isFree) || queue.dependents.isWaiting(message))
  ) {
    end({ kind: "done", value: false });
    return;
  }
  const isWaiting = queue.dependents.isWaiting(message);
  if (isWaiting) queue.dependents.leave(message); // else it could be received while it goes
  const held = entries.filter(isFree);
  const lanes = held.map((entry) => ({ entry, lane: queue.laneOf(entry), untilMs: untilOf(entry) }));
  for (const { entry, lane } of lanes) lane?.settle(entry);
  const done = (at: number): void => {
    queue.remove(message, "purged", at);
    end({ kind: "done", value: true });
    queue.serve(at);
  };
  const failed = (error: MpregError, at: number): void => {
    if (error.outcome !== "unknown") {
      for (const one of lanes) back(one, at);
      if (isWaiting && !queue.dependents.wait(message, 0))
        for (const entry of entries) back({ entry, lane: queue.laneOf(entry), untilMs: 0 }, at);
    }
    end({ kind: "failed", error });
    queue.serve(at);
  };
  const operations = queue.deletesOf(message);
  if (message.marks?.keepResult === true) {
    operations.push(...queue.results.operations(message, failureOf(message, "purged")));
  }
  queue.commit(operations, { done, failed }, nowMs);
}

/** When the wait of a delayed one is over; none for what is available. */
function untilOf({ state, lease }: Entry): number {
  return state === "delayed" ? (lease?.dueMs ?? 0) : 0;
}

function back(
  { entry, lane, untilMs }: { readonly entry: Entry; readonly lane: Lane | undefined; readonly untilMs: number },
  nowMs: number,
): void {
  if (entry.state === "settling") lane?.putBack(entry, Math.max(0, untilMs - nowMs), nowMs);
}
