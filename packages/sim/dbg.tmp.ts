import { World } from "@mpreg/sim";
const n = Number(process.argv[2] ?? 100);
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const nodes = [...world.nodes.values()];
const ev: Record<string, number> = {};
world.observers.add((o) => {
  if (o.kind === "reported") ev[o.event.kind] = (ev[o.event.kind] ?? 0) + 1;
  if (o.kind === "reported" && o.event.kind === "news-refused") console.log(o.event);
});
for (const ms of [50, 50, 100, 300, 500, 1000, 1000, 2000, 5000]) {
  await world.sleep(ms);
  const byId = new Map(nodes.map((x) => [x.id, x.name]));
  const missing = nodes
    .map((x) => {
      const k = new Set(x.nodes().map((y) => y.name));
      const f = new Set(x.functions().map((y) => y.name));
      return {
        n: x.name,
        k: nodes.filter((y) => !k.has(y.name)).map((y) => y.name),
        f: nodes.filter((y) => !f.has(`f${y.name.slice(1)}`)).map((y) => y.name),
      };
    })
    .filter((m) => m.k.length + m.f.length > 0);
  console.log(
    Math.round(world.nowMs),
    missing.length,
    JSON.stringify(missing.slice(0, 4)).slice(0, 600),
    JSON.stringify(ev),
  );
}
