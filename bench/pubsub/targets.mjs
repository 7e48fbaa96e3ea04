/** What mpreg wants to reach with publish/subscribe through sockets: bounds on figures, or on ratios of two, of the same run. */
import { judgeMedians } from "../lib/verdicts.mjs";

/**
 * @typedef {import("../lib/verdicts.mjs").Bound & {
 *   measure: (median: (contestant: string, figure: string) => number) => number }} Target `measure`: from the medians of a run
 */

/** @type {Target[]} */
const against = [
  { peer: "nats", called: "NATS" },
  { peer: "redis", called: "Redis" },
].flatMap(({ peer, called }) =>
  [
    { fanOut: 1, text: "1 subscriber" },
    { fanOut: 20, text: "20 subscribers" },
  ].map(({ fanOut, text }) => ({
    id: `pubsub-${peer}-${fanOut}`,
    text: `messages delivered to ${text}, against ${called}`,
    bound: /** @type {const} */ ("at least"),
    limit: 1,
    unit: "×",
    measure: (/** @type {(contestant: string, figure: string) => number} */ median) =>
      median("pubsub-mpreg", `deliveriesPerSecondAt${fanOut}`) /
      median(`pubsub-${peer}`, `deliveriesPerSecondAt${fanOut}`),
  })),
);

/** @type {Target[]} */
export const targets = [
  ...against,
  {
    id: "pubsub-two-nodes",
    text: "messages delivered to 1 subscriber across two nodes, against one node",
    bound: "at least",
    limit: 0.6,
    unit: "×",
    measure: (median) =>
      median("pubsub-mpreg-two-nodes", "deliveriesPerSecondAt1") / median("pubsub-mpreg", "deliveriesPerSecondAt1"),
  },
  {
    id: "pubsub-two-nodes-20",
    text: "messages delivered to 20 subscribers across two nodes, against one node",
    bound: "at least",
    limit: 0.6,
    unit: "×",
    measure: (median) =>
      median("pubsub-mpreg-two-nodes", "deliveriesPerSecondAt20") / median("pubsub-mpreg", "deliveriesPerSecondAt20"),
  },
  ...[1, 20].map((fanOut) => ({
    id: `pubsub-p99-${fanOut}`,
    text: `p99 from publisher to subscriber at half of its own load, ${fanOut === 1 ? "1 subscriber" : `${fanOut} subscribers`}`,
    bound: /** @type {const} */ ("at most"),
    limit: 5,
    unit: "ms",
    measure: (/** @type {(contestant: string, figure: string) => number} */ median) =>
      median("pubsub-mpreg", `p99MsHalfAt${fanOut}`),
  })),
  {
    id: "pubsub-memory",
    text: "resident memory of the node for an idle subscription",
    bound: "at most",
    limit: 1_024,
    unit: "bytes",
    measure: (median) => median("pubsub-mpreg", "bytesPerSubscription"),
  },
];

/**
 * @param {Record<string, import("../lib/rounds.mjs").Outcome>} outcomes
 * @returns {import("../lib/verdicts.mjs").Verdict[]}
 */
export function judge(outcomes) {
  return judgeMedians(targets, outcomes);
}
