/** Structures: data structures that know nothing of the product. */
export { ByteBudget, type Holder } from "./byte-budget.js";
export { Fifo } from "./fifo.js";
export { IdMap } from "./id-map.js";
export { Latency } from "./latency.js";
