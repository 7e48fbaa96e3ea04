import { World } from "@mpreg/sim";
const n = 20;
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  trace: true,
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const nodes = [...world.nodes.values()];
await world.sleep(120_000);
const at = world.nowMs,
  lines0 = world.trace.lines.length;
nodes[7]!.register("new", () => 1);
const seen = new Map<string, number>();
await world.until(
  () => {
    for (const x of nodes)
      if (!seen.has(x.name) && x.functions().some(({ name }) => name === "new")) seen.set(x.name, world.nowMs - at);
    return seen.size === n;
  },
  { withinMs: 5000 },
);
console.log([...seen].map(([k, v]) => `${k} ${v.toFixed(1)}`).join(", "));
console.log(
  world.trace.lines
    .slice(lines0)
    .filter((l) => l.includes("offers"))
    .slice(0, 60)
    .join("\n"),
);
