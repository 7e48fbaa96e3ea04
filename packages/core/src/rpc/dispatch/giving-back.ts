/**
 * Giving back: work that another node has sent here, and that has not begun when its time is nearly up.
 *
 * Only this node knows that it has not begun. Were it silent until the deadline, the node that has sent it would tell its
 * caller that nobody knows whether it took effect.
 *
 * (B1) It is given back so early that the node that coordinates it hears of that before the deadline, as far as is known of
 *      the way there.
 * (B2) No more than a quarter of its time is given up for that; what has no time to spare may still be told as unknown.
 * (B3) What is given back never begins.
 */
import type { RpcHost } from "../host.js";
import type { Task } from "../task.js";

type Timed = Pick<Task, "deadlineMs" | "readyMs" | "coordinator">;
type Host = Pick<RpcHost, "peer">;

const shareMax = 0.25;
/** How late an event loop that is busy may be, here and there together. */
const slackMs = 10;
/** Of the estimated round trip: this node has the deadline later by the way here, and its answer needs the way back. */
const roundTrips = 2;

/** When to look at the task first. Most have ended by then, and have cost nothing more. (B2) */
export function firstLookMs({ deadlineMs, readyMs }: Timed): number {
  return deadlineMs - (deadlineMs - readyMs) * shareMax;
}

/** When it is given back, if it has not begun. (B1) */
export function giveBackMs(task: Timed, host: Host): number {
  const awayMs = host.peer(task.coordinator)?.distanceMs ?? 0;
  return Math.max(firstLookMs(task), task.deadlineMs - slackMs - roundTrips * awayMs);
}

/** When to look at the task again; `undefined` when its time here is up. (B3) */
export function nextLookMs(
  task: Timed & Pick<Task, "begun" | "revoke">,
  host: Host,
  nowMs: number,
): number | undefined {
  const atMs = giveBackMs(task, host);
  if (nowMs < atMs) return atMs;
  task.revoke();
  return task.begun && nowMs < task.deadlineMs ? task.deadlineMs : undefined;
}
