/** Our graphs: a chain across nodes, and a wide fan-out and fan-in. */
import { withChildren } from "../lib/child.mjs";
import { openCluster } from "../mpreg/cluster.mjs";

const graphLoadModule = new URL("../mpreg/graph-load.mjs", import.meta.url);

/** Every step of the chain runs on another node than the step before it. */
const chainFunctions = ["stage-b", "stage-c", "stage-a", "stage-b"];

/** With the source and the sink, 1,000 steps. */
const fanWidth = 998;

/** @type {import("./contestant.mjs").Contestant} */
const chain = {
  name: "mpreg-chain",
  family: "mpreg",
  title: "4-step chain across three nodes",
  group: "graph",
  measure: (budget) =>
    withChildren(async (open) => {
      const { url } = await openCluster(open, {
        a: { "stage-a": "identity" },
        b: { "stage-b": "identity" },
        c: { "stage-c": "identity" },
      });
      const job = { url, functions: chainFunctions, remoteFunction: "stage-b", budget };
      return open(graphLoadModule).call("measureChain", job);
    }),
};

/**
 * @param {string} name
 * @param {string} title
 * @param {Record<string, Record<string, string>>} functionsOfNode
 * @returns {import("./contestant.mjs").Contestant}
 */
function fan(name, title, functionsOfNode) {
  return {
    name,
    family: "mpreg",
    title,
    group: "graph",
    measure: (budget) =>
      withChildren(async (open) => {
        const { url } = await openCluster(open, functionsOfNode);
        return open(graphLoadModule).call("measureFan", { url, width: fanWidth, budget });
      }),
  };
}

/** @type {import("./contestant.mjs").Contestant[]} */
export const graphs = [
  chain,
  fan("mpreg-fan", "1,000-step fan-out and fan-in, one node", {
    a: { source: "one", middle: "add", sink: "sum" },
  }),
  fan("mpreg-fan-remote", "1,000-step fan-out and fan-in, the middle on two nodes behind the entry", {
    a: { source: "one", sink: "sum" },
    b: { middle: "add" },
    c: { middle: "add" },
  }),
];
