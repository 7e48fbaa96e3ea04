/** The suite on membership: simulated clusters, then real processes. Written to docs/benchmarks/membership.{md,json} and pictures. */
import { writeMembership } from "../lib/result-files.mjs";
import { fullBudget, measurements, quickBudget } from "../membership/index.mjs";
import { renderMembership } from "../membership/report.mjs";
import { judge } from "../membership/targets.mjs";
import { suiteOf } from "./measurements.mjs";

export const membership = suiteOf({
  name: "membership",
  measurements,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: renderMembership,
  write: writeMembership,
});
