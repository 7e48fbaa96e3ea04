/** HTTP as strangers speak it to a node's port. */
import { type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { type Socket, connect } from "node:net";
import { onTestFinished } from "vitest";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What a WebSocket client sends; headers given as undefined are left out. */
export const upgradeHeaders = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol": "mpreg.v2",
} as const;

/** The answer to a GET; for an upgrade that is accepted, status 101 and the connection is dropped. */
export function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  return ask("GET", url, { headers });
}

/** The answer to a request of any method. */
export function ask(
  method: string,
  url: string,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly ca?: string | Buffer } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const target = new URL(url.replace(/^ws/, "http"));
    const send = target.protocol === "https:" ? requestTls : request;
    const asked = send(target, { method, agent: false, ...options });
    asked.on("error", reject);
    asked.on("upgrade", (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: "" });
    });
    asked.on("response", (answer) => {
      let body = "";
      answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
      });
    });
    asked.end();
  });
}

/** A TCP connection that says nothing by itself and keeps its half open whatever the other side does. */
export async function rawConnection(url: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined); // being thrown out is what some tests are about
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}
