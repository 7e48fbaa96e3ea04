import { World } from "@mpreg/sim";
const n = Number(process.argv[2] ?? 20),
  loss = Number(process.argv[3] ?? 0);
const profile = (process.argv[4] ?? "lan") as "lan";
const t0 = performance.now();
const world = new World({
  seed: 1,
  limits: { profile },
  network: { lossRatio: loss },
  patienceMs: 1e12,
  nodes: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, functions: { [`f${i}`]: () => i } })),
});
const nodes = [...world.nodes.values()];
const formed = () =>
  nodes
    .filter((x) => x.state === "up")
    .every(
      (x) =>
        x.nodes().length === nodes.filter((x) => x.state === "up").length &&
        x.functions().length === nodes.filter((x) => x.state === "up").length + 2,
    );
const every = (f: () => boolean, ms: number) => {
  let next = 0;
  return () => {
    if (world.nowMs < next) return false;
    next = world.nowMs + ms;
    return f();
  };
};
const ok = await world.until(every(formed, 20), { withinMs: 120_000 });
console.log(
  "formed",
  ok,
  "at",
  world.nowMs,
  "real",
  Math.round(performance.now() - t0),
  "bytes",
  world.network.counts.bytes,
  "frames",
  world.network.counts.frames,
  "opened",
  world.network.counts.opened,
);
if (!ok) {
  const x = nodes[3]!;
  console.log(x.nodes().length, x.functions().length, x.size);
}
await world.sleep(60_000);
const links = nodes.map((x) => x.size.links).sort((a, b) => a - b);
console.log(
  "links min/median/max",
  links[0],
  links[links.length >> 1],
  links.at(-1),
  "observers",
  Math.min(...nodes.map((x) => x.size.wanted)),
);
let b0 = world.network.counts.bytes,
  f0 = world.network.counts.frames,
  r0 = performance.now();
await world.sleep(60_000);
console.log(
  "idle bytes/s/node",
  Math.round((world.network.counts.bytes - b0) / 60 / n),
  "frames/s/node",
  ((world.network.counts.frames - f0) / 60 / n).toFixed(1),
  "real ms per simulated s",
  ((performance.now() - r0) / 60).toFixed(1),
);
// convergence
const at = world.nowMs;
nodes[Math.min(n - 1, 7)]!.register("new", () => 1);
const saw = () => nodes.every((x) => x.functions().some(({ name }) => name === "new"));
await world.until(every(saw, 5), { withinMs: 60_000 });
console.log("converged in", world.nowMs - at);
for (const silent of [false, true]) {
  const victim = nodes[silent ? 2 : 1]!;
  const t = world.nowMs;
  victim.crash({ silent });
  const gone = () =>
    nodes.filter((x) => x.state === "up").every((x) => !x.nodes().some(({ name }) => name === victim.name));
  const unrouted = () =>
    nodes
      .filter((x) => x.state === "up")
      .every((x) => !x.functions().some(({ name }) => name === `f${silent ? 2 : 1}`));
  await world.until(every(unrouted, 10), { withinMs: 60_000 });
  const unroutedMs = world.nowMs - t;
  await world.until(every(gone, 10), { withinMs: 60_000 });
  console.log("crash silent", silent, "unrouted", unroutedMs, "down everywhere", world.nowMs - t);
}
console.log(world.violations.slice(0, 3));
