/** Refusals: what is said to a call that this node could run, and does not. */
import { MpregError } from "../../base/index.js";
import type { Gate } from "./gate.js";

/** What is told of a gate. */
type BusyGate = Pick<Gate<object>, "fun" | "running" | "queueMax" | "enoughMs" | "turnsMs"> & {
  readonly queue: { readonly size: number };
};

/** There is no room for it, neither among those that run nor among those that wait. */
export function noRoom(gate: BusyGate, runningAll: number, queuedAll: number): MpregError {
  const { fun, running, queue, queueMax } = gate;
  const ofIt = `${running} calls of it run and ${queue.size} wait on this node already`;
  const ofAll = `${runningAll} calls run and ${queuedAll} wait on this node already`;
  return overloaded(`Cannot run "${fun}": ${queue.size >= queueMax ? ofIt : ofAll}`, gate.turnsMs(queue.size + 1));
}

/** So much is nested in each other that one more would be too much to remember. */
export function tooManyNested(fun: string, running: number, depth: number): MpregError {
  const what = depth === 0 ? "calls have begun" : `calls nested ${depth} deep have begun`;
  return overloaded(`Cannot run "${fun}": ${running} ${what} on this node and not ended`, 0);
}

/** It would come too late. */
export function tooLate(gate: BusyGate, ahead: number, waitMs: number, leftMs: number): MpregError {
  const { fun, enoughMs } = gate;
  const many = ahead === 1 ? "1 call that waits" : `${ahead} calls that wait`;
  const turn = ahead === 0 ? "as soon as one that runs has ended" : `behind ${many}`;
  const message = `Cannot run "${fun}" in time: its turn comes in about ${rounded(waitMs)} ms, ${turn}, and a run takes up to ${rounded(enoughMs)} ms; it has ${rounded(leftMs)} ms left`;
  return overloaded(message, waitMs + enoughMs - leftMs);
}

/** It has waited, and now the time that is left will not do. */
export function waitedTooLong({ fun, enoughMs }: BusyGate, leftMs: number): MpregError {
  const message = `Cannot run "${fun}" in time: a run takes up to ${rounded(enoughMs)} ms, and after its turn had come it has ${rounded(leftMs)} ms left`;
  return overloaded(message, 0);
}

function overloaded(message: string, retryAfterMs: number): MpregError {
  return retryAfterMs > 0
    ? new MpregError("overloaded", message, { retryAfterMs: Math.ceil(retryAfterMs) })
    : new MpregError("overloaded", message);
}

/** To the millisecond, where there are some. */
function rounded(durationMs: number): number {
  return durationMs >= 10 ? Math.round(durationMs) : Math.round(durationMs * 10) / 10;
}
