/**
 * The build under measurement: what `npm run build` left in the workspace, never the sources.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const workspace = new URL("../../", import.meta.url);
const resolveFromWorkspace = createRequire(new URL("package.json", workspace)).resolve;

/** Path of the command as users run it. */
export const commandPath = fileURLToPath(new URL("packages/mpreg/bin/mpreg.mjs", workspace));

/** @returns {string} path of the built entry of the package `mpreg` */
export function findBuild() {
  let path;
  try {
    path = resolveFromWorkspace("mpreg");
  } catch (cause) {
    throw new Error("The workspace has no build of mpreg; run `npm run build` in the root first", { cause });
  }
  if (!/[\\/]dist[\\/]/.test(path)) throw new Error(`mpreg resolves to ${path}, which is not the build`);
  if (!existsSync(path)) throw new Error("mpreg is not built; run `npm run build` in the root first");
  return path;
}

/** @returns {Promise<{ createNode: Function, connect: Function, context: Function }>} the public API, from the build */
export function importMpreg() {
  return import(pathToFileURL(findBuild()).href);
}

/** @returns {Promise<{ SimulatedCluster: any, watchLosses: Function }>} the simulated cluster, from the build */
export async function importSimulatedCluster() {
  const folder = new URL("packages/sim/dist/cluster/", workspace);
  if (!existsSync(new URL("cluster.js", folder))) {
    throw new Error("The simulator is not built; run `npm run build` in the root first");
  }
  const [cluster, losses] = await Promise.all([import(`${folder}cluster.js`), import(`${folder}losses.js`)]);
  return { ...cluster, ...losses };
}

/** @returns {Promise<{ PatternMatcher: any, PatternTrie: any, parsePattern: (text: string) => string }>} from the build of core */
export async function importStructures() {
  const folder = new URL("packages/core/dist/", workspace);
  if (!existsSync(new URL("structures/index.js", folder))) {
    throw new Error("The core is not built; run `npm run build` in the root first");
  }
  const [base, structures] = await Promise.all([
    import(`${folder}base/index.js`),
    import(`${folder}structures/index.js`),
  ]);
  return { ...base, ...structures };
}

/** @returns {Promise<any>} the class of the front of every store, from the build of core, as the node's own modules have it */
export async function importGroupCommit() {
  const module_ = new URL("packages/core/dist/journal/index.js", workspace);
  if (!existsSync(module_)) throw new Error("The core is not built; run `npm run build` in the root first");
  return (await import(module_.href)).GroupCommit;
}
