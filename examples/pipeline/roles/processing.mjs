/**
 * The functions of a node that prepares data. Start it with:
 *
 *   npx mpreg start --name processing --resources processing,etl --module examples/pipeline/roles/processing.mjs
 *
 * A function for a node is a plain function: nothing in the stages knows of mpreg.
 */
import { clean } from "../stages/clean.mjs";
import { enrich } from "../stages/enrich.mjs";
import { validate } from "../stages/validate.mjs";

/** @param {import("mpreg").MpregNode} node */
export function register(node) {
  node.register("validate", validate);
  node.register("clean", clean);
  node.register("enrich", enrich);
}
