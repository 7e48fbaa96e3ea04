/** Node: the machine that all drivers drive. */
export type { ClusterInfo, FunctionInfo, NodeInfo, OfferInfo } from "./inspect.js";
export { NodeMachine } from "./node.js";
export type { NodeSize } from "./size.js";
export type {
  LinkProtocol,
  NodeCapabilities,
  NodeEffects,
  NodeEvent,
  NodeInput,
  NodeOptions,
  StoreInput,
} from "./types.js";
export { type QueueAction, accessOf, queueRefusal } from "./queue-access.js";
