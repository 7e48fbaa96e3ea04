/** Network: simulated hosts and the connections between them. */
export { Socket } from "./connection.js";
export { type Listener, Network, type NetworkOptions, defaultNetworkOptions } from "./network.js";
