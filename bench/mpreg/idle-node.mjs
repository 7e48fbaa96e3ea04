/** The smallest program with a node: prints its URL and waits. */
import { importMpreg } from "./build.mjs";

const { createNode } = await importMpreg();
const node = await createNode({ name: "idle", port: 0, log: "error" });
console.log(JSON.stringify({ url: node.url }));
