/** A program that uses threads, closes its node, and has nothing more to do. */
import { createNode } from "@mpreg/node";

const node = await createNode({ log: "silent", discovery: { mdns: false } });
node.register("f", new URL("handlers.ts", import.meta.url), { threads: { min: 2, max: 2 } });
console.log(await node.call("f", ["x"]));
await node.close();
console.log("closed");
