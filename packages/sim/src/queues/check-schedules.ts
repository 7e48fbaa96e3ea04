/**
 * Check schedules: each due time makes one message. (That it makes no second one is said by `check-truth.ts`: a message is in its queue once.)
 *
 * (S1) No message is there before its time.
 * (S2) Between the first time and the last there is one for each, where missed ones are made up for, or nothing has befallen anything.
 * (S3) In the end as many were given out as the queue says that it has sent, the one before the next among them.
 *
 * Of queues that have not lost any of them otherwise, on nodes whose disks had room, where no clock was set.
 */
import { type History, type ScheduleMade, type Tell, endMsOf } from "./history.js";

/** A time is rounded to ms where it is told, and once more at each restart. */
const slackMs = 3;

export function checkSchedules(history: History, tell: Tell): void {
  if (history.hasClockSteps) return;
  for (const made of history.schedules) {
    const { queue } = made.plan;
    const { settings, owner } = history.queueOf(queue);
    const mayLose = history.isForgetful(queue) || settings.ttlMs !== undefined || settings.messagesMax !== undefined;
    if (!mayLose && made.end.kind === "done" && made.last !== undefined && !history.troubled.has(owner))
      checkSchedule(history, made, made.end.nextMs, made.last, tell);
  }
}

function checkSchedule(
  history: History,
  { plan, askedMs, messages }: ScheduleMade,
  firstMs: number,
  last: { readonly nextMs: number; readonly sent: number },
  tell: Tell,
): void {
  const { everyMs, missed, queue } = plan;
  const who = `The schedule of queue "${queue}" that is due every ${everyMs} ms`;
  const dues = [...messages].sort(([a], [b]) => a - b);
  for (const [dueMs, { end }] of dues) {
    const earliestMs = askedMs + everyMs + dueMs - firstMs; // if the queue has heard of it at once
    if (endMsOf(end) + slackMs < earliestMs)
      tell("schedules", `${who} has sent what is due at ${earliestMs.toFixed(1)} ms by ${endMsOf(end).toFixed(1)} ms`); // (S1)
  }
  const sent = dues.map(([dueMs]) => dueMs).filter((dueMs) => dueMs < last.nextMs - slackMs); // some may have come since it was asked
  if (missed === "all" || history.isCalm) {
    let before = firstMs - everyMs;
    for (const dueMs of [...sent, last.nextMs]) {
      if (Math.abs(dueMs - before - everyMs) > slackMs)
        tell("schedules", `${who} was due for ${dueMs}, and before that for ${before}`); // (S2)
      before = dueMs;
    }
  }
  if (sent.length !== last.sent)
    tell("schedules", `${who} has sent ${last.sent} messages, of which ${sent.length} came`); // (S3)
}
