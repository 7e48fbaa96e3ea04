/**
 * Check redrive: dead letters keep their order, there and back.
 *
 * (R1) Two of one group that somebody has seen among the dead letters come back in that order.
 * (R2) While one of them is still where it was seen, nothing of its group that was behind it has come back.
 * (R3) As long as nothing was moved back, those of a FIFO group that were received one by one are dead letters in the order of their queue.
 *
 * What was seen, and what came back of it, belong together where one redrive at most may have run between: each moves a message once. Left out are queues
 * that were deleted: those that are made anew count from the beginning; and those whose messages have copies.
 */
import {
  type Browsed,
  type History,
  type RedriveAsked,
  type SentMessage,
  type Tell,
  endMsOf,
  grouped,
  nameOf,
} from "./history.js";

/** Where somebody has seen a message, in an ask that began and ended then. */
interface Sighting {
  readonly queue: string;
  readonly sequence: number;
  readonly askedMs: number;
  readonly atMs: number;
}

export function checkRedrive(history: History, tell: Tell): void {
  if (history.redrives.length === 0) return;
  const sightings = sightingsOf(history);
  const wasDeleted = new Set(history.wipings.flatMap(({ what, queue }) => (what === "delete" ? [queue] : [])));
  for (const look of history.browsed) {
    const letters = look.messages.filter(({ message: { queue, group } }) => {
      if (group === undefined || queue === look.queue || !history.isOnce(queue)) return false;
      return !wasDeleted.has(queue) && !history.isForgetful(queue);
    });
    if (wasDeleted.has(look.queue) || history.isForgetful(look.queue)) continue;
    const isFirst = !history.redrives.some(({ queue, askedMs, end }) => {
      return queue === look.queue && askedMs <= look.atMs && end.kind !== "refused";
    });
    for (const group of grouped(letters, ({ message }) => `${message.queue} ${message.group ?? ""}`).values()) {
      checkGroup(history, look, group, sightings, tell);
      if (isFirst) checkDeaths(history, group, tell);
    }
  }
}

function checkGroup(
  history: History,
  look: Browsed,
  letters: Browsed["messages"],
  sightings: ReadonlyMap<SentMessage, readonly Sighting[]>,
  tell: Tell,
): void {
  let before: { readonly message: SentMessage; readonly sequence: number } | undefined;
  /** The first of those behind that is known to have come back. */
  let behind: { readonly message: SentMessage; readonly atMs: number } | undefined;
  for (const { message, sequence } of [...letters].sort((a, b) => b.sequence - a.sequence)) {
    const seen = sightings.get(message) ?? [];
    const still = seen.find((each) => {
      return each.queue === look.queue && each.sequence === sequence && each.askedMs > (behind?.atMs ?? Infinity);
    });
    if (still !== undefined && behind !== undefined)
      tell("redrive-order", `${nameOf(behind.message)} came back before ${nameOf(message)}, which was in front of it`); // (R2)
    const back = seen.find((each) => each.queue === message.queue && each.askedMs >= look.atMs);
    if (back === undefined) continue;
    if (behind === undefined || back.atMs < behind.atMs) behind = { message, atMs: back.atMs };
    if (mayHaveRun(history, look.queue, look.askedMs, back.atMs).length > 1) continue;
    if (before !== undefined && back.sequence > before.sequence)
      tell(
        "redrive-order",
        `${nameOf(message)} came back as ${back.sequence}, and ${nameOf(before.message)}, which was behind it, as ${before.sequence}`,
      ); // (R1)
    before = { message, sequence: back.sequence };
  }
}

/** (R3) */
function checkDeaths(history: History, letters: Browsed["messages"], tell: Tell): void {
  let before: { readonly message: SentMessage; readonly sequence: number } | undefined;
  for (const { message, death } of [...letters].sort((a, b) => a.sequence - b.sequence)) {
    if (death !== "max-receives") continue; // what can never be done is given to nobody
    const { end, queue } = message;
    if (history.queueOf(queue).settings.order !== "fifo" || history.severalAtOnce.has(queue)) return;
    if (end.kind !== "done" || end.spooled || end.duplicate) continue;
    if (before !== undefined && before.sequence > end.sequence)
      tell(
        "redrive-order",
        `${nameOf(before.message)} became a dead letter before ${nameOf(message)}, which was in front of it`,
      );
    before = { message, sequence: end.sequence };
  }
}

function sightingsOf(history: History): ReadonlyMap<SentMessage, readonly Sighting[]> {
  const all = new Map<SentMessage, Sighting[]>();
  const add = (message: SentMessage, sighting: Sighting): void => {
    const before = all.get(message);
    if (before === undefined) all.set(message, [sighting]);
    else before.push(sighting);
  };
  for (const { message, queue, lease, askedMs, gotMs } of history.deliveries)
    add(message, { queue, sequence: lease.sequence, askedMs, atMs: gotMs });
  for (const { queue, askedMs, atMs, messages } of history.browsed)
    for (const { message, sequence } of messages) add(message, { queue, sequence, askedMs, atMs });
  for (const sightings of all.values()) sightings.sort((a, b) => a.atMs - b.atMs);
  return all;
}

/** Redrives that may have run between the two: those that were asked for, and are not known to be over before. A queue has one that runs. */
export function mayHaveRun(history: History, queue: string, fromMs: number, toMs: number): readonly RedriveAsked[] {
  const asked = history.redrives.filter((each) => each.queue === queue && each.end.kind !== "refused");
  return asked.filter(({ askedMs, end, overMs }) => {
    const isFollowed = asked.some((other) => other.askedMs > endMsOf(end) && endMsOf(other.end) < fromMs);
    return askedMs <= toMs && !isFollowed && overMs > fromMs;
  });
}
