/** The suite on requests: contestants in interleaved rounds. Written to docs/benchmarks/rpc.{md,json}. */
import { contestants } from "../contestants/index.mjs";
import { renderReport } from "../lib/report.mjs";
import { readSoak, writeResult } from "../lib/result-files.mjs";
import { judge } from "../lib/targets.mjs";
import { suiteOfContestants } from "./contestants.mjs";

/** @type {import("../lib/load.mjs").Budget} */
const fullBudget = { warmUpMs: 1000, sequentialCalls: 4000, loadMs: 1500, settleMs: 2000 };
/** @type {import("../lib/load.mjs").Budget} */
const quickBudget = { warmUpMs: 300, sequentialCalls: 1000, loadMs: 500, settleMs: 500 };

export const rpc = suiteOfContestants({
  name: "rpc",
  contestants,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: async (result) => renderReport(result, await readSoak()),
  write: writeResult,
});
