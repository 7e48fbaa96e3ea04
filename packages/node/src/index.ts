/** A node of the mesh, for Node.js. */
export { createNode } from "./create-node.js";
export { type HandlerContext, context } from "./handlers/context.js";
export type { AnyHandler, RegisterOptions, Registration } from "./handlers/types.js";
export type { LogLevel, Logger } from "./log.js";
export { MpregNode } from "./node.js";
export type { CreateNodeOptions, NodeLimits } from "./options.js";
export type { TlsOptions } from "./transports/types.js";
