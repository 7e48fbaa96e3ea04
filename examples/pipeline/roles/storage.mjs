/**
 * The functions of a node that keeps data on its disk. Start it with:
 *
 *   PIPELINE_STORE=/some/folder \
 *   npx mpreg start --name storage --resources storage,database --module examples/pipeline/roles/storage.mjs
 */
import { report } from "../stages/report.mjs";
import { store } from "../stages/store.mjs";

/** @param {import("mpreg").MpregNode} node */
export function register(node) {
  const folder = process.env.PIPELINE_STORE;
  if (!folder) throw new Error("Set PIPELINE_STORE to the folder in which this node may store files");

  node.register("store", (collection, tables) => store(folder, collection, tables));
  node.register("report", report);
}
