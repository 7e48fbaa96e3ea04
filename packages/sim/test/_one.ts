import { runSeed } from "@mpreg/sim";
const seed = Number(process.argv[2]); const re = process.argv[3] ? new RegExp(process.argv[3]) : undefined;
const v = await runSeed(seed, { trace: true });
console.log(v.violations.slice(0,5), JSON.stringify(v.plan.faults));
console.log(v.plan.nodes.map(n=>n.name+":"+n.peers.join("+")).join(" "), JSON.stringify(v.plan.limits), JSON.stringify(v.plan.network));
const from = Number(process.argv[4] ?? 0), to = Number(process.argv[5] ?? Infinity);
for (const l of v.lines) { const t = parseFloat(l); if (t < from || t > to) continue; if (!re || re.test(l)) console.log(l.slice(0,260)); }
