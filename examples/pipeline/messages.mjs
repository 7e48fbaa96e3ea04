/**
 * What the example says besides its report: the nodes, what to try next, what went wrong.
 */
import { heading, paint, table } from "./layout.mjs";

/** @param {import("./node-process.mjs").StartedNode[]} nodes */
export function nodesText(nodes) {
  const rows = nodes.map((node) => [node.name, node.resources.join(", ") || "none", node.url, String(node.pid)]);
  return [heading("Five nodes, five processes"), table(["node", "resources", "url", ">pid"], rows)].join("\n");
}

export function nextText() {
  return [
    heading("Next"),
    `  ${paint("cyan", "npm start -- --keep")}    the same, but the cluster stays up for you to try`,
    `  ${paint("cyan", "npx mpreg --help")}       all commands`,
  ].join("\n");
}

export const usageText = "Usage: npm start [-- --keep]";

export function helpText() {
  return [
    usageText,
    "  Starts five node processes, runs an eight-stage pipeline over real data, prints a report and a timeline.",
    "  --keep    the cluster and its files stay until Ctrl-C; prints commands to try against it",
  ].join("\n");
}

/** @param {string} url of the router @param {string} store the folder of the storage node */
export function keptText(url, store) {
  const commands = [
    `npx mpreg nodes --url ${url}`,
    `npx mpreg functions --url ${url}`,
    `npx mpreg call echo '"hi"' --url ${url}`,
    `npx mpreg run examples/pipeline/first-day.json --url ${url}`,
  ];
  return [
    heading("The cluster stays up; in another terminal"),
    ...commands.map((command) => `  ${paint("cyan", command)}`),
    `  To stop: Ctrl-C here, or kill ${process.pid}`,
    `  Stored files, until then: ${store}`,
  ].join("\n");
}

/**
 * An error of mpreg knows which step failed, on which node, and whether its work was done.
 *
 * @param {unknown} error
 */
export function failureText(error) {
  if (!(error instanceof Error)) return `The pipeline failed: ${String(error)}`;
  const { code, step, node, outcome } = /** @type {import("mpreg").MpregError} */ (error);
  const facts = Object.entries({ code, step, node, outcome }).filter(([, value]) => value !== undefined);
  return [`The pipeline failed: ${error.message}`, ...facts.map(([name, value]) => `  ${name}: ${value}`)].join("\n");
}
