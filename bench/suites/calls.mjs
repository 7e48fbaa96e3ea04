/** The suite on calls that survive: real processes. Written to docs/benchmarks/calls.{md,json} and pictures. */
import { fullBudget, measurements, quickBudget } from "../calls/index.mjs";
import { renderCalls } from "../calls/report.mjs";
import { judge } from "../calls/targets.mjs";
import { writeCalls } from "../lib/result-files.mjs";
import { suiteOf } from "./measurements.mjs";

export const calls = suiteOf({
  name: "calls",
  measurements,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: renderCalls,
  write: writeCalls,
});
