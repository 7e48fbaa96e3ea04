/** Routing: which candidate runs a step, and why none can. */
export { type Candidate, choose } from "./choose.js";
export { explainNoProvider } from "./explain.js";
