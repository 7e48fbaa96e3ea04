/**
 * Listen: where MQTT clients come in: a TCP port of their own, or a WebSocket of the node's port.
 */
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { type TlsOptions as ServerTls, createServer as createTlsServer } from "node:tls";
import type { MpregError } from "@mpreg/core/base";
import { createWebSocketStream } from "ws";
import type { Gate } from "../transports/gate.js";
import { Guard } from "../transports/guard.js";
import type { OpenUpgrade } from "../transports/listen.js";
import type { MqttDoor } from "./door.js";

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  /** Certificate and key, where it speaks TLS. */
  readonly tls: ServerTls | undefined;
  readonly gate: Gate;
  readonly describeError: (error: NodeJS.ErrnoException) => MpregError;
  /** A connection was not taken. */
  readonly onFull: (address: string, reason: string) => void;
}

export interface TcpListener {
  readonly port: number;
  /** Stops listening; its connections are the door's. */
  close(): Promise<void>;
}

/** Who says nothing for so long is asked by TCP whether it is still there. */
const keepAliveMs = 60_000;

/** Listens on a port of its own. */
export async function listenTcp(options: TcpOptions, door: MqttDoor): Promise<TcpListener> {
  const { gate, tls } = options;
  const accept = (socket: Socket): void => {
    const address = socket.remoteAddress ?? "";
    const refusal = gate.refusal();
    if (refusal !== undefined) {
      socket.on("error", () => undefined).destroy(); // MQTT has no answer before a CONNECT was read
      options.onFull(address, refusal.reason);
      return;
    }
    socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
    const visit = gate.enter();
    door.accept({
      source: socket,
      address,
      known: () => {
        visit.known();
      },
      gone: () => {
        visit.left();
      },
    });
  };
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  server.maxConnections = gate.limits.connectionsMax + gate.limits.strangersMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(options.describeError(error));
    });
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** A WebSocket of the subprotocol `mqtt` has opened on the node's port. */
export function acceptWebSocket({ socket, stream, address }: OpenUpgrade, gate: Gate, door: MqttDoor): void {
  const end = (_ending: unknown, reason: string): void => {
    carrier.destroy(new Error(reason));
  };
  const guard = new Guard(gate, { protocol: "native", accepted: true, end });
  // before the stream's own listener: what is too long does not reach it
  socket.on("message", (data: Buffer) => {
    guard.message(data.length);
  });
  for (const control of ["ping", "pong"] as const) {
    socket.on(control, (data: Buffer) => {
      guard.control(data.length);
    });
  }
  const carrier = createWebSocketStream(socket);
  stream.on("data", (piece: Buffer) => {
    guard.piece(piece.length);
  });
  door.accept({
    source: carrier,
    address,
    known: () => {
      guard.known();
    },
    gone: () => {
      guard.gone();
    },
  });
}
