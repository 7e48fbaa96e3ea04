/** Goodbyes: why a link ends, or a node is no member any more, where a node says so itself. */
import type { Goodbye } from "../link/index.js";

export const duplicate: Goodbye = { code: "duplicate", reason: "the two nodes have another link" };
export const idle: Goodbye = { code: "idle", reason: "neither side has a use for the link" };
export const left: Goodbye = { code: "closing", reason: "it has left the cluster" };
export const down: Goodbye = { code: "silent", reason: "nobody has reached it" };
