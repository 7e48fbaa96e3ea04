/** Small clusters for the measurements: one process per node, the first node is the entry. */
const nodeModule = new URL("node.mjs", import.meta.url);

/**
 * @param {typeof import("../lib/child.mjs").openChild} openChild
 * @param {Record<string, Record<string, string>>} functionsOfNode what each node offers, by node name
 * @param {{ nodeFlags?: string[] }} [options]
 * @returns {Promise<{ url: string, urls: string[], nodes: Record<string, import("../lib/child.mjs").Child> }>} the entry's URL, and those of all
 */
export async function openCluster(openChild, functionsOfNode, options) {
  /** @type {string[]} */
  const urls = [];
  /** @type {Record<string, import("../lib/child.mjs").Child>} */
  const nodes = {};
  for (const [name, functions] of Object.entries(functionsOfNode)) {
    nodes[name] = openChild(nodeModule, options);
    urls.push(await nodes[name].call("open", { name, functions, peers: urls }));
  }
  return { url: urls[0], urls, nodes };
}
