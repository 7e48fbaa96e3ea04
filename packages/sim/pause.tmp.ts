import { World } from "@mpreg/sim";
const n = Number(process.argv[2] ?? 200),
  minutes = Number(process.argv[3] ?? 2),
  loss = Number(process.argv[4] ?? 0.05);
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  network: { lossRatio: loss },
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const nodes = [...world.nodes.values()];
await world.sleep(30_000);
const ev: Record<string, number> = {};
const lost: string[] = [];
world.observers.add((o) => {
  if (o.kind === "reported") {
    ev[o.event.kind] = (ev[o.event.kind] ?? 0) + 1;
    if (o.event.kind === "node-lost") lost.push(`${Math.round(world.nowMs)} ${o.node} lost ${o.event.name}`);
  }
});
const random = world.random("pauses");
const b0 = world.network.counts.bytes,
  t0 = world.nowMs;
for (let s = 0; s < minutes * 60; s++) {
  const x = nodes[random.integer(0, n - 1)]!;
  if (x.state === "up") {
    x.pause();
    world.after(1_000, () => x.resume());
  }
  await world.sleep(1_000);
}
console.log(
  JSON.stringify(ev),
  lost.slice(0, 5),
  lost.length,
  "bytes/s/node",
  Math.round((((world.network.counts.bytes - b0) / (world.nowMs - t0)) * 1000) / n),
);
const x = nodes[5]!;
x.pause();
await world.sleep(10_000);
console.log(
  "paused 10s: others see",
  nodes[6]!.nodes().some(({ name }) => name === "n5"),
  lost.length,
);
const t = world.nowMs;
x.resume();
await world.until(() => nodes.every((y) => y.nodes().length === n), { withinMs: 60_000 });
console.log("rejoined after", world.nowMs - t, "ms");
