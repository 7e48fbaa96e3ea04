/** Everything that a run measures, in the order of a round. */
import { echoes } from "./echo.mjs";
import { graphs } from "./graphs.mjs";
import { memory } from "./memory.mjs";
import { peers } from "./peers.mjs";

export const contestants = [...echoes, ...peers, ...graphs, ...memory];
