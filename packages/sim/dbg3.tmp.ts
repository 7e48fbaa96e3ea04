import { World } from "@mpreg/sim";
const n = Number(process.argv[2] ?? 120);
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const why: Record<string, number> = {};
let shown = 0;
world.observers.add((o) => {
  if (o.kind !== "reported") return;
  const e = o.event as any;
  const k = e.kind + " " + (e.reason?.reason ?? e.reason ?? "");
  why[k] = (why[k] ?? 0) + 1;
  if (e.kind === "node-suspected" && shown++ < 3) console.log(world.nowMs, o.node, e);
});
await world.sleep(800);
console.log(why);
