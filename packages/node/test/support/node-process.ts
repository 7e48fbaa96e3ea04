/** The program of `startProcess`: a node with a few functions; its address goes to stdout in one line. */
import { format } from "node:util";
import { pbkdf2Sync } from "node:crypto";
import { setImmediate as givesWay } from "node:timers/promises";
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
/** The same, of which the first run is lost and the next answers; `started` says whether it is to answer. */
node.register(
  "run again",
  async () => {
    const { call, idempotencyKey, signal } = context();
    if (await call<boolean>("started", [node.name])) return `${node.name} ${idempotencyKey ?? "without a key"}`;
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
    return "nobody hears this";
  },
  { idempotent: true },
);
/** What keeps the event loop, for ever or for some time. */
function spin(durationMs: number): void {
  for (const untilMs = performance.now() + durationMs; performance.now() < untilMs;);
}
node.register("spin", spin);
node.register("spin for ever", () => {
  spin(Infinity);
});
node.register("spin in code of the platform", async () => {
  await Promise.resolve();
  for (;;) format("%s", { a: [1, { b: 2 }] });
});
node.register("await, then spin for ever", async () => {
  await givesWay();
  spin(Infinity);
});
node.register("stay in native code", () => pbkdf2Sync("", "", 2 ** 31 - 1, 8, "sha512").length);
node.register("memory", () => process.memoryUsage().rss);
node.register("stray", () => {
  void Promise.reject(new Error("stray rejection"));
  return "answered";
});
/** A few items, and then none for ever. */
node.register("items, then silence", async function* (count: number) {
  for (let item = 0; item < count; item++) yield item;
  await new Promise(() => undefined);
});
/** Calls `fun` so many times at once; answers what the calls that failed were told. */
node.register("ask often", async (fun: string, count: number) => {
  const { call } = context();
  const asked = await Promise.allSettled(Array.from({ length: count }, (_, index) => call(fun, [index])));
  return [...new Set(asked.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : [])))];
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
