/**
 * Check deduplication: what was sent already is not taken again, and only that.
 *
 * (D1) Two messages of one dedup id are not taken within the window. (Where somebody has set a clock, a restart may have ended it.)
 * (D2) A message that is answered as a duplicate repeats one of its id that may have been taken: a refused send uses up nothing.
 */
import { type History, type SentMessage, type Tell, endMsOf, grouped, nameOf } from "./history.js";

export function checkDeduplication(history: History, tell: Tell): void {
  const all = grouped(
    history.sent.filter(({ dedup }) => dedup !== undefined),
    (message) => keyOf(history, message),
  );
  for (const messages of all.values()) {
    const taken = messages.filter(({ end }) => end.kind === "done" && !end.duplicate);
    const { windowMs = 0 } = history.queueOf((messages[0] as SentMessage).queue).settings.dedup ?? {};
    const isExact = !history.hasClockSteps && !history.isForgetful((messages[0] as SentMessage).queue);
    for (const [at, message] of taken.entries()) {
      const again = taken.slice(at + 1).find((other) => isWithin(message, other, windowMs));
      if (again === undefined || !isExact || isDeletedBetween(history, message, again)) continue;
      tell("dedup", `${nameOf(again)} was taken, though ${nameOf(message)} of the id "${message.dedup ?? ""}" was`); // (D1)
    }
    for (const message of messages) {
      if (message.end.kind !== "done" || !message.end.duplicate) continue;
      const { atMs } = message.end;
      const first = messages.some((other) => other !== message && mayBeTaken(other) && other.askedMs <= atMs);
      if (!first) tell("dedup", `${nameOf(message)} is told to be a duplicate, and no other was taken`); // (D2)
    }
  }
}

function keyOf(history: History, { queue, dedup, group }: SentMessage): string {
  const { scope } = history.queueOf(queue).settings.dedup ?? { scope: "queue" };
  return `${queue} ${dedup ?? ""} ${scope === "group" ? (group ?? "") : ""}`;
}

function mayBeTaken({ end }: SentMessage): boolean {
  return end.kind === "unknown" || end.kind === "waits" || (end.kind === "done" && !end.duplicate);
}

/** Whether both were surely taken within the window, whenever between being asked and being told they were. */
function isWithin(first: SentMessage, second: SentMessage, windowMs: number): boolean {
  const [a, b] = [endMsOf(first.end), endMsOf(second.end)];
  return Math.max(a, b) - Math.min(first.askedMs, second.askedMs) < windowMs;
}

/** A queue that was deleted has forgotten all. */
function isDeletedBetween(history: History, first: SentMessage, second: SentMessage): boolean {
  return history.wipings.some(
    ({ queue, what, askedMs }) =>
      queue === first.queue && what === "delete" && askedMs <= Math.max(endMsOf(first.end), endMsOf(second.end)),
  );
}
