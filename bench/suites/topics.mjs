/** The suite on topics: in process. Written to docs/benchmarks/topics.{md,json}. */
import { writeTopics } from "../lib/result-files.mjs";
import { fullBudget, measurements, quickBudget } from "../topics/index.mjs";
import { renderTopics } from "../topics/report.mjs";
import { judge } from "../topics/targets.mjs";
import { suiteOf } from "./measurements.mjs";

export const topics = suiteOf({
  name: "topics",
  measurements,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: renderTopics,
  write: writeTopics,
});
