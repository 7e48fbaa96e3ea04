import { planWorld } from "../src/workload/plan-world.js";
import { worldOf } from "../src/workload/drive.js";
import { Ledger } from "../src/workload/ledger.js";
import { FullMesh, SameCatalog, watch } from "../src/check/index.js";
for (let seed=1; seed<6; seed++){
const plan = planWorld(seed);
const world = worldOf(plan, new Ledger(), {trace: true});
const m = new FullMesh(), c = new SameCatalog(); watch(world, [m,c]);
await world.sleep(8000);
console.log(seed, plan.nodes.map(n=>n.name+":"+n.peers.join("+")).join(" "), m.pending!(world), c.pending!(world));
if (seed===1) console.log(world.trace.lines.slice(0,60).join("\n"));
}
