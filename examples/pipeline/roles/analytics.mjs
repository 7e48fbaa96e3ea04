/**
 * The functions of a node that computes. Start it with:
 *
 *   npx mpreg start --name analytics --resources analytics,ml --module examples/pipeline/roles/analytics.mjs
 */
import { detect } from "../stages/detect.mjs";
import { insights } from "../stages/insights.mjs";

/** @param {import("mpreg").MpregNode} node */
export function register(node) {
  node.register("detect", detect);
  node.register("insights", insights);
}
