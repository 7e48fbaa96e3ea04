/** Passing: failures to reach a queue that may be over in a while. */
import { MpregError, isA } from "../../base/index.js";

/** Whether it may be otherwise in a while. */
export function mayPass(error: unknown): boolean {
  if (!isA(error, MpregError)) return false;
  // the node of the queue has closed; where it is this program that has, the next try says so: nothing was done
  return passing.has(error.code) || (error.code === "closed" && error.outcome === "unknown");
}

/** The reason of `unknown-queue` where no node offers the queue; without one, its own node says that it is gone. */
export const absent = "absent";
/** The same, where it is on the disk of a node that is away. */
export const away = "away";

/** Whether the queue is there again when its node is. */
export function isAway(error: MpregError): boolean {
  return error.code === "unknown-queue" && error.reason === away;
}

const passing: ReadonlySet<string> = new Set([
  "unknown-queue",
  "deadline",
  "node-lost",
  "result-lost", // of a large answer, which is fetched: its node was gone by then
  "not-connected",
  "overloaded",
  "circuit-open",
]);
