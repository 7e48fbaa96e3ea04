import { runSeed } from "@mpreg/sim";
const [from, count] = process.argv.slice(2).map(Number);
const t0 = performance.now(); const ends: Record<string, number> = {}; let bad=0; let sim=0; const kinds: Record<string, number[]> = {};
let slow: [number, number][] = [];
for (let seed = from!; seed < from! + count!; seed++) {
  const t = performance.now();
  const v = await runSeed(seed);
  slow.push([performance.now()-t, seed]);
  sim += v.simulatedMs;
  for (const [k, n] of Object.entries(v.ends)) ends[k] = (ends[k] ?? 0) + n;
  if (v.violations.length) { bad++; if (process.env.STOP && bad > 20) break; const x = v.violations[0]!; 
    (kinds[x.guarantee] ??= []).push(seed);
    if ((kinds[x.guarantee]!.length) <= 6) console.log(seed, "faults", v.plan.faults.map(f=>f.kind).join(","), "|", x.guarantee, x.message.slice(0, 700), x.atMs.toFixed(1), "+", v.violations.length-1); }
}
slow.sort((a,b)=>b[0]-a[0]);
console.log({ bad, ms: performance.now()-t0, simS: sim/1000 , ends, slow: slow.slice(0,5)});
for (const [k, s] of Object.entries(kinds)) console.log(k, s.length, s.slice(0, 30).join(" "));
