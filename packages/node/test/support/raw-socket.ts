/** Raw socket: a WebSocket spoken by hand, so that a test can stop in the middle of a frame. */
import type { Socket } from "node:net";
import { eventually } from "./eventually.js";
import { rawConnection, upgradeHeaders } from "./http.js";

/** The request with which a WebSocket opens. */
export function upgradeRequest(protocol: "native" | "json", headers: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = { host: "127.0.0.1", ...upgradeHeaders, ...headers };
  if (protocol === "json") delete all["sec-websocket-protocol"];
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The head of a frame that is to have `bytes` of payload, masked with zeros; the length in the fewest bytes. */
export function frameHead(bytes: number, opcode = 2, isLast = true): Buffer {
  const lengthBytes = bytes < 126 ? 0 : bytes < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes + 4);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (lengthBytes === 0 ? bytes : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(bytes, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

/** A whole frame. */
export function frame(payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([frameHead(bytes.length), bytes]);
}

export interface RawWebSocket {
  readonly socket: Socket;
  /** All that came behind the answer to the upgrade. */
  readonly received: () => Buffer;
  /** The end of it. */
  readonly lastReceived: () => Buffer;
  /** True once the node has hung up. */
  readonly ended: () => boolean;
  /** How the node has closed it: code and reason of its close frame. */
  readonly closed: () => Promise<string>;
}

/** A WebSocket that the node has accepted. */
export async function rawWebSocket(url: string, protocol: "native" | "json"): Promise<RawWebSocket> {
  const socket = await rawConnection(url);
  let pieces: Buffer[] = [];
  const all = (): Buffer => {
    if (pieces.length !== 1) pieces = [Buffer.concat(pieces)];
    return pieces[0]!;
  };
  let isEnded = false;
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  socket.on("end", () => (isEnded = true));
  socket.on("close", () => (isEnded = true));
  socket.write(upgradeRequest(protocol));
  const bodyAt = await eventually("the upgrade is answered", () => {
    const at = all().indexOf("\r\n\r\n");
    return at < 0 ? undefined : at + 4;
  });
  if (!all().toString("latin1").startsWith("HTTP/1.1 101 ")) throw new Error(all().toString("latin1"));
  const received = (): Buffer => all().subarray(bodyAt);
  const closed = async (): Promise<string> => {
    await eventually("the node hangs up", () => isEnded);
    const frames = received();
    const at = frames.lastIndexOf(0x88);
    return at < 0 ? "no close frame" : `${frames.readUInt16BE(at + 2)} ${frames.subarray(at + 4).toString()}`;
  };
  const lastReceived = (): Buffer => Buffer.concat(pieces.slice(-2)).subarray(-200);
  return { socket, received, lastReceived, ended: () => isEnded, closed };
}
