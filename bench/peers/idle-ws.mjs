/** The floor of a WebSocket server: a bare `ws` server that prints its URL and waits. */
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () =>
  console.log(JSON.stringify({ url: `ws://127.0.0.1:${server.address().port}` })),
);
