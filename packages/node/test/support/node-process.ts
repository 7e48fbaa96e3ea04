/** The program of `startProcess`: a node with a few functions; its address goes to stdout in one line. */
import { type CreateNodeOptions, context, createNode } from "@mpreg/node";

const options = JSON.parse(process.argv[2]!) as CreateNodeOptions;
const node = await createNode({ log: "silent", ...options });

/** Runs until nobody waits any more; tells by a call of `started` that it runs. */
node.register("run until lost", async (name: string) => {
  await context().call("started", [name]);
  await new Promise((resolve) => {
    context().signal.addEventListener("abort", resolve);
  });
});
node.register("memory", () => process.memoryUsage().rss);
node.register("stray", () => {
  void Promise.reject(new Error("stray rejection"));
  return "answered";
});
node.register("keep", (...values: unknown[]) => values.length);

const strays: string[] = [];
process.on("unhandledRejection", (reason) => {
  strays.push(String(reason));
});
node.register("strays", () => strays);

process.on("SIGTERM", () => {
  void node.close();
});
console.log(JSON.stringify({ url: node.url, id: node.id, name: node.name }));
