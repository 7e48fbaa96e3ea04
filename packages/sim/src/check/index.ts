/** Checkers: one per guarantee. */
export { EmptyTables } from "./empty-tables.js";
export { FullMesh } from "./full-mesh.js";
export { OneAnswer, type OneAnswerOptions } from "./one-answer.js";
export { SameCatalog } from "./same-catalog.js";
export { StartedOnce } from "./started-once.js";
export { TrueResults } from "./true-results.js";
export { type Checker, type Report, watch } from "./types.js";
