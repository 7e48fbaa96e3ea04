/**
 * Stats: what all queues of the cluster have, asked of each node page by page.
 */
import { MpregError, isA } from "../../base/index.js";
import type { WaitOptions } from "../api.js";
import type { QueueReport } from "./api.js";
import { type QueueHost, type QueuesAnswers, type QueuesOperation, queuesFunction } from "./asking.js";

/** What a node answers that is gone, or of an earlier version: it tells nothing. */
const silent: ReadonlySet<string> = new Set(["no-provider", "node-lost", "invalid-argument"]);

export function allStats(host: QueueHost, options: WaitOptions): Promise<readonly QueueReport[]> {
  const ask = (operation: QueuesOperation, target?: string): Promise<unknown> =>
    host.call(queuesFunction, [operation], target === undefined ? options : { ...options, target });
  const pagesOf = (node: string, after: string): Promise<QueueReport[]> =>
    ask({ op: "stats", after }, node).then(
      (answer) => {
        const { queues, next } = answer as QueuesAnswers["stats"];
        const page = queues.map(({ queue, stats }) => ({ queue, node, stats }));
        return next === undefined ? page : pagesOf(node, next).then((rest) => [...page, ...rest]);
      },
      (error: unknown) => {
        if (isA(error, MpregError) && silent.has(error.code)) return [];
        throw error;
      },
    );
  return ask({ op: "keepers" })
    .then((nodes) => Promise.all((nodes as QueuesAnswers["keepers"]).map((node) => pagesOf(node, ""))))
    .then((all) => all.flat().sort((a, b) => (a.queue < b.queue ? -1 : 1)));
}
