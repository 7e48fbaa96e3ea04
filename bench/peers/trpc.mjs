/** tRPC 11 over its WebSocket link: one query. */
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocket, WebSocketServer } from "ws";

export function serve() {
  const t = initTRPC.create();
  const router = t.router({ echo: t.procedure.input((value) => value).query(({ input }) => input) });
  return new Promise((resolve) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" }, () => resolve(server.address().port));
    applyWSSHandler({ wss: server, router });
  });
}

export async function connect({ address: port }) {
  const url = `ws://127.0.0.1:${port}`;
  const client = createTRPCClient({ links: [wsLink({ client: createWSClient({ url, WebSocket }) })] });
  return (value) => client.echo.query(value);
}
