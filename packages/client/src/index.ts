/** The client, for browsers and Node. */
export { Client } from "./client.js";
export { type ConnectOptions, connect } from "./connect.js";
