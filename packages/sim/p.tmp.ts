import { SimulatedCluster } from "./src/cluster/cluster.js";
const c = new SimulatedCluster({ seed: 2, nodes: 24 }); const { world, nodes } = c; await c.form();
const ev: Record<string, number> = {};
world.observers.add((o) => { if (o.kind === "reported") ev[o.event.kind] = (ev[o.event.kind] ?? 0) + 1; });
const g = [0, 1].map((p) => nodes.filter((_, i) => i % 2 === p));
world.faults.partition(...g.map((x) => x.map(({ name }) => name)));
for (let s = 0; s < 15; s++) { const t = performance.now(), n = world.network.counts; const f = n.frames, d = n.dials; await world.sleep(2000); console.log(Math.round(world.nowMs), Math.round(performance.now() - t), "ms frames", n.frames - f, "dials", n.dials - d, JSON.stringify(ev)); if (performance.now() - t > 20000) break; }
console.log("calls");
for (const group of g) { const [first, second] = group; const fun = `f${second!.name.slice(1)}`; console.log(first!.name, fun, await first!.call(fun)); first!.register(`during-${first!.name}`, () => 1); second!.unregister(fun); }
console.log("sleep"); await world.sleep(500_000); console.log("heal", world.nowMs); world.faults.heal();
for (let s = 0; s < 40; s++) { const t = performance.now(), n = world.network.counts; const f = n.frames, b = n.bytes; await world.sleep(250); console.log(Math.round(world.nowMs), Math.round(performance.now() - t), "ms frames", n.frames - f, n.bytes - b, JSON.stringify(ev), c.disagreement()?.slice(0, 120)); if (performance.now() - t > 20000 || c.disagreement() === undefined) break; }
