/** Structures: data structures that know nothing of the product. */
export { Latency } from "./latency.js";
