import { World } from "@mpreg/sim";
const n = Number(process.argv[2] ?? 200);
const world = new World({
  seed: 1,
  patienceMs: 1e12,
  network: { lossRatio: Number(process.argv[4] ?? 0) },
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
await world.sleep(20_000);
const t = performance.now(),
  b = world.network.counts.bytes,
  f = world.network.counts.frames;
const s = Number(process.argv[3] ?? 20);
await world.sleep(s * 1000);
console.log(
  ((performance.now() - t) / s).toFixed(1),
  "ms per s",
  Math.round((world.network.counts.bytes - b) / s / n),
  "B/s/node",
  ((world.network.counts.frames - f) / s / n).toFixed(1),
  "frames/s/node",
);
