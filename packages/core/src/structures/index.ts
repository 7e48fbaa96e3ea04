/** Structures: data structures that know nothing of the product. */
export { Allowance } from "./allowance.js";
export { ByteBudget, type Holder } from "./byte-budget.js";
export { Fifo } from "./fifo.js";
export { hash32 } from "./hash32.js";
export { IdMap } from "./id-map.js";
export { Latency } from "./latency.js";
