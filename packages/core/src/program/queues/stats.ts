/**
 * Stats: what all queues of the cluster have, asked of each node page by page.
 */
import type { WaitOptions } from "../api.js";
import type { QueueReport } from "./api.js";
import type { QueueHost, QueuesAnswers } from "./asking.js";
import { ofKeepers } from "./keepers.js";

/** What a node answers that is gone, or of an earlier version: it tells nothing. */
const silent: ReadonlySet<string> = new Set(["no-provider", "node-lost", "invalid-argument"]);

export function allStats(host: QueueHost, options: WaitOptions): Promise<readonly QueueReport[]> {
  const reports = ofKeepers<QueueReport>(
    host,
    options,
    (ask, node) => {
      const pagesFrom = (after: string): Promise<readonly QueueReport[]> =>
        ask({ op: "stats", after }).then((answer) => {
          const { queues, next } = answer as QueuesAnswers["stats"];
          const page = queues.map(({ queue, stats }) => ({ queue, node, stats }));
          return next === undefined ? page : pagesFrom(next).then((rest) => [...page, ...rest]);
        });
      return pagesFrom("");
    },
    silent,
  );
  return reports.then((all) => all.sort((a, b) => (a.queue < b.queue ? -1 : 1)));
}
