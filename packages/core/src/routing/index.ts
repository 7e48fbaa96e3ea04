/** Routing: which candidate runs a step, and why none can. */
export { type Candidate, type Moving, type Waiting, choose, chooseAmong } from "./choose.js";
export { type Asked, type Target, explainNoProvider } from "./explain.js";
