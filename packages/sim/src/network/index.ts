/** Network: simulated hosts and the connections between them. */
export { Connection, Socket, type SocketOwner } from "./connection.js";
export {
  type Dialer,
  type Listener,
  Network,
  type NetworkCounts,
  type NetworkOptions,
  defaultNetworkOptions,
} from "./network.js";
export type { PathOptions } from "./path.js";
