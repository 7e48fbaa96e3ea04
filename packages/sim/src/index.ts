/** A simulated world for mpreg: nodes, clients and a network with faults, from one seed. */
export { simulate } from "./simulate.js";
export { type NodeDefinition, World, type WorldOptions } from "./world.js";
export { context } from "./handlers/context.js";
export { runSeed } from "./explore/run-seed.js";
