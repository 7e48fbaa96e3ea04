/** Bare WebSocket connections that stay open: a child module. */
import { WebSocket } from "ws";

const sockets = [];

/** @param {{ url: string, count: number }} wanted */
export async function openClients({ url, count }) {
  for (let i = 0; i < count; i++) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    sockets.push(socket);
  }
}
