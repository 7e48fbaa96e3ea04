/** The suite on publish/subscribe through sockets. Written to docs/benchmarks/pubsub.{md,json} and pictures. */
import { writePubsub } from "../lib/result-files.mjs";
import { contestants, fullBudget, quickBudget } from "../pubsub/index.mjs";
import { renderPubsub } from "../pubsub/report.mjs";
import { judge } from "../pubsub/targets.mjs";
import { suiteOfContestants } from "./contestants.mjs";

export const pubsub = suiteOfContestants({
  name: "pubsub",
  contestants,
  budgets: { full: fullBudget, quick: quickBudget },
  judge,
  render: renderPubsub,
  write: writePubsub,
});
