/**
 * The functions of a node that holds raw data. Start it with:
 *
 *   npx mpreg start --name ingestion --resources ingestion,raw-data --module examples/pipeline/roles/ingestion.mjs
 *
 * Reads the files of the npm package vega-datasets, or those of the folder named by PIPELINE_DATA.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FILES, ingest } from "../stages/ingest.mjs";

/** The package's entry lies in its folder `build`, beside `data`. */
const packaged = () => join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "../data");

/** @param {import("mpreg").MpregNode} node */
export function register(node) {
  const folder = process.env.PIPELINE_DATA ?? packaged();

  // The node brings the resources it was started with; a registration may add its own: here, which dataset it reads.
  node.register(
    "ingest",
    async (dataset) => {
      const file = Object.hasOwn(FILES, dataset) ? FILES[dataset] : undefined;
      return ingest(dataset, file === undefined ? "" : await readFile(join(folder, file), "utf8"));
    },
    { resources: ["vega-datasets"] },
  );
}
