import { explore, explainFailure } from "@mpreg/sim";
const from = Number(process.argv[2]),
  count = Number(process.argv[3]);
import { runSeed } from "@mpreg/sim";
let bad = 0;
const ends: Record<string, number> = {};
for (let s = from; s < from + count; s++) {
  const v = await runSeed(s);
  for (const [k, c] of Object.entries(v.ends)) ends[k] = (ends[k] ?? 0) + c;
  if (v.violations.length > 0) {
    bad++;
    if (bad < 8)
      console.log(
        s,
        v.plan.nodes.length,
        v.plan.faults.map((f) => f.kind).join(","),
        v.violations.slice(0, 3).map((x) => `${x.guarantee}: ${x.message} @${Math.round(x.atMs)}`),
      );
  }
}
console.log("bad", bad, "of", count, JSON.stringify(ends));
