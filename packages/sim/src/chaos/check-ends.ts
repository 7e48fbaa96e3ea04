/**
 * Check of ends: every request ends, in time, and for a reason that is true.
 *
 * (E1) It ends within its deadline and one second.
 * (E2) One whose functions are all idempotent ends well, or by its own deadline, or `overloaded` where it calls a function
 *      with a bound; or with what its own terms ask for: a step with a number of `retries` may be lost, also to a node that
 *      closes, or a stream that it reads.
 * (E3) `deadline` is told when the time of the request, or of a step of it, is over; not before, but for the moment by
 *      which a node gives back what it has not begun.
 * (E4) That it ran out while nobody was known to offer a function is told of requests that had less time than nodes wait
 *      for what they expect: there are always some that offer it.
 * (E5) `result-lost` is told of requests in which something large is made by what may not run again, or of it; or whose
 *      client has lost its node meanwhile, which alone knew how to make it again without what may not run twice.
 */
import type { MpregError } from "@mpreg/core/base";
import { isIdempotent, isLarge } from "./functions.js";
import type { Asked } from "./asks.js";
import { type ChaosAsk, functionsOf, usedBy } from "./plan.js";

const slackMs = 1_000;
const earlyMsMax = 50;
/** As in core/node/expected.ts. */
const patienceMs = 5_000;

export type Tell = (guarantee: string, message: string) => void;

/** What has not ended although it should have. (E1) */
export function unended(asked: readonly Asked[], nowMs: number): readonly string[] {
  return asked.flatMap(({ ask, askedMs, end, isWithdrawn }) =>
    end !== undefined || isWithdrawn || nowMs <= askedMs + timeoutOf(ask) + slackMs
      ? []
      : [`${ask.token}, asked at ${askedMs.toFixed(0)} ms, has not ended`],
  );
}

export function checkEnd({ ask, askedMs, end, endedMs, hasMoved }: Asked, tell: Tell): void {
  const tookMs = endedMs - askedMs;
  if (tookMs > timeoutOf(ask) + slackMs) {
    tell("in-time", `${ask.token} ended after ${tookMs.toFixed(0)} ms; it was allowed ${timeoutOf(ask)}`); // (E1)
  }
  if (end?.kind === "failed") checkFailure(ask, end.error, tookMs, hasMoved, tell);
  if (end?.kind !== "results") return;
  for (const report of end.reports ?? []) {
    if (report.status === "failed") checkFailure(ask, report.error, tookMs, hasMoved, tell);
  }
}

function checkFailure(ask: ChaosAsk, error: MpregError, tookMs: number, hasMoved: boolean, tell: Tell): void {
  const { code, message, outcome, node = "?" } = error;
  const calls = ask.steps.flatMap((step) => (step.kind === "call" ? [step] : []));
  const stepMs = Math.min(Infinity, ...calls.flatMap(({ timeoutMs }) => (timeoutMs > 0 ? [timeoutMs] : [])));
  const allowedMs = Math.min(timeoutOf(ask), stepMs);
  if (code === "deadline" && tookMs < allowedMs - Math.min(earlyMsMax, allowedMs / 4)) {
    tell("true-reasons", `${ask.token} ended with deadline after ${tookMs.toFixed(0)} ms: ${message}`); // (E3)
  }
  if (code === "deadline" && message.endsWith(" a node that offers it") && allowedMs >= patienceMs) {
    tell("true-reasons", `${ask.token} had ${allowedMs} ms: ${message}`); // (E4)
  }
  const hasRetries = calls.some(({ terms }) => terms?.retries !== undefined);
  if (code === "result-lost" && !hasRetries && !hasMoved && !mayLose(ask)) {
    const large = "though all that is large may be made again";
    return tell("outlives-faults", `${ask.token} ended with ${code} at ${node}, ${large}: ${message}`); // (E5)
  }
  const functions = ask.steps.flatMap(functionsOf);
  if (!functions.every(isIdempotent)) return;
  const mayEndWith = ["deadline"];
  if (functions.some(({ name }) => name === "narrow")) mayEndWith.push("overloaded");
  if (hasRetries) mayEndWith.push("node-lost", "closed", "result-lost");
  if (mayEndWith.includes(code)) return;
  tell("outlives-faults", `${ask.token} ended with ${code} (${outcome}) at ${node}: ${message}`); // (E2)
}

/** Whether a step whose result may be large runs once, or is made of what a step has come to that does. */
function mayLose({ steps }: ChaosAsk): boolean {
  const isOnce: boolean[] = [];
  for (const step of steps) {
    isOnce.push(!functionsOf(step).every(isIdempotent) || usedBy(step).some((part) => isOnce[part.step] === true));
  }
  return steps.some((step, index) => isOnce[index] === true && (step.kind === "map" || isLarge(step.fun)));
}

function timeoutOf({ kind, timeoutMs, steps }: ChaosAsk): number {
  const [first] = steps;
  return kind === "call" && first?.kind === "call" && first.timeoutMs > 0
    ? Math.min(timeoutMs, first.timeoutMs)
    : timeoutMs;
}
