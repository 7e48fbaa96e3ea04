/**
 * Check of runs: what has run, by the ledger that handlers write themselves, is what was told.
 *
 * (R1) No step of a function that is not idempotent runs twice, whatever is lost and asked again.
 * (R2) What is told to be done has run, and has ended well.
 * (R3) What is told to be not applied never runs.
 */
import type { StepReport } from "@mpreg/core/wire";
import type { Ledger } from "../workload/ledger.js";
import type { Asked } from "./asks.js";
import type { Tell } from "./check-ends.js";
import { isIdempotent } from "./functions.js";
import { callsOf } from "./plan.js";

/** Call it when all is over: what is not applied must never come to run. */
export function checkRuns(asked: readonly Asked[], ledger: Ledger, tell: Tell): void {
  for (const { ask, end } of asked) {
    ask.steps.forEach((step, index) => {
      const what = end === undefined ? "unknown" : toldOf(end, index);
      for (const call of callsOf(step)) {
        checkOnce(call, ledger, tell);
        checkTold(call.token, what, ledger, tell);
      }
    });
  }
}

function checkTold(token: string, what: ReturnType<typeof toldOf>, ledger: Ledger, tell: Tell): void {
  const record = ledger.get(token);
  if (what === "done" && (record === undefined || record.endedWell === 0)) {
    tell("true-runs", `${token} is told to be done, and has not ended well`); // (R2)
  }
  if (what === "not-applied" && record !== undefined) {
    tell("true-runs", `${token} is told to be not applied, and ran on ${record.startedOn.join(", ")}`); // (R3)
  }
}

function checkOnce({ token, fun }: ReturnType<typeof callsOf>[number], ledger: Ledger, tell: Tell): void {
  const startedOn = ledger.get(token)?.startedOn ?? [];
  if (isIdempotent(fun) || startedOn.length <= 1) return;
  tell("once", `${token} ("${fun.name}") ran on ${startedOn.join(" and on ")}`); // (R1)
}

/** What the asker was told of a step. */
export function toldOf(end: NonNullable<Asked["end"]>, index: number): "done" | "not-applied" | "unknown" {
  if (end.kind === "failed") return end.error.outcome === "not-applied" ? "not-applied" : "unknown";
  const report: StepReport = (end.kind === "results" ? end.reports?.[index] : undefined) ?? { status: "done" };
  if (report.status === "done") return "done";
  return report.status === "skipped" || report.error.outcome === "not-applied" ? "not-applied" : "unknown";
}
