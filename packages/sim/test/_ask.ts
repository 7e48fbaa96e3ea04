import { planWorld } from "@mpreg/sim"; 
import { evaluate } from "../src/workload/evaluate.js";
const p = planWorld(Number(process.argv[2])); const a = p.asks.find(x=>x.steps.some(s=>s.token.startsWith(process.argv[3]+".")))!;
console.log(JSON.stringify(a,null,1)); console.log(JSON.stringify(p.limits), p.faults.length, p.mayEndWith);
console.log(evaluate(a,{depthMax:6,isOffered:()=>true}).map((e:any)=>e.kind+" "+(e.code??"")));
