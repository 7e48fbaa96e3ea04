/** Our echo: a client and its node; and the same call executed on a node behind that one. */
import { withChildren } from "../lib/child.mjs";
import { openCluster } from "../mpreg/cluster.mjs";
import { measureEcho } from "./measure-echo.mjs";

const driver = new URL("../mpreg/echo-client.mjs", import.meta.url).href;

/**
 * @param {string} name
 * @param {string} title
 * @param {string} fun the function that is called
 * @param {Record<string, Record<string, string>>} functionsOfNode what each node offers; the first is the entry
 * @returns {import("./contestant.mjs").Contestant}
 */
function echo(name, title, fun, functionsOfNode) {
  return {
    name,
    family: "mpreg",
    title,
    group: "echo",
    measure: (budget) =>
      withChildren(async (open) => {
        const { url } = await openCluster(open, functionsOfNode);
        return measureEcho(open, { driver, variant: fun, address: url, budget });
      }),
  };
}

/** @type {import("./contestant.mjs").Contestant[]} */
export const echoes = [
  echo("mpreg-echo", "mpreg, client to its node", "echo", { entry: {} }),
  // A registered function too: were the built-in echo cheaper than what users write, it would show here.
  echo("mpreg-registered", "mpreg, a registered function", "reply", { entry: { reply: "identity" } }),
  echo("mpreg-relay", "mpreg, on a second node behind the entry", "reply", {
    entry: {},
    worker: { reply: "identity" },
  }),
];
