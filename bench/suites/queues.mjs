/** The suite on queues through sockets. Written to docs/benchmarks/queues.{md,json} and pictures. */
import { writeQueues } from "../lib/result-files.mjs";
import { contestants, fullBudget, quickBudget } from "../queues/index.mjs";
import { renderQueues } from "../queues/report.mjs";
import { judge } from "../queues/targets.mjs";
import { suiteOfContestants } from "./contestants.mjs";

export const queues = suiteOfContestants({
  name: "queues",
  contestants,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: renderQueues,
  write: writeQueues,
});
