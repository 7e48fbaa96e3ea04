/**
 * Queue pages: what all queues of this node have, a page of them at a time.
 *
 * (G1) Who may not look at a queue is not told that there is one.
 */
import type { QueuesAnswers } from "../program/index.js";
import type { End, QueueStats, Queues } from "../queues/index.js";

/** Queues of one page: about 250 KB. */
const pageQueuesMax = 500;

/** Those whose name is behind `after`, in the order of their names. */
export function statsPage(
  queues: Queues,
  after: string,
  mayLook: (queue: string) => boolean,
  nowMs: number,
): QueuesAnswers["stats"] {
  const names = queues.names().filter((name) => name > after && queues.yieldedTo(name) === undefined && mayLook(name));
  names.sort();
  const page: { queue: string; stats: QueueStats }[] = [];
  for (const queue of names.slice(0, pageQueuesMax)) {
    const told: End = (how) => {
      if (how.kind === "done") page.push({ queue, stats: how.value as QueueStats });
    };
    queues.operate(queue, { op: "stats" }, told, nowMs);
  }
  return { queues: page, next: names.length > pageQueuesMax ? names[pageQueuesMax - 1] : undefined };
}
