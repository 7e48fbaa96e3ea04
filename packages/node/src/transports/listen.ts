/**
 * Listen: the node's one port, HTTP and WebSocket together.
 *
 * (L1) Only loopback addresses are listened on, unless there is TLS or the caller insists.
 * (L2) A refused upgrade gets an HTTP answer that says why, and is closed from this side.
 * (L3) No connection outlives the listener.
 * (L5) Nobody shares a node's own port with it; the shared one leads to any of the processes of a `node:cluster`, each time.
 * (L4) Who has not said in `handshakeTimeoutMs` what it wants is hung up on; who comes when the port is full is told so.
 */
import { type IncomingMessage, STATUS_CODES, type Server, type ServerResponse, createServer } from "node:http";
import { type ServerOptions as SecureServerOptions, createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  type ListenOptions as SystemListenOptions,
  type Server as NetServer,
  type Socket,
  createServer as createNetServer,
} from "node:net";
import type { Duplex } from "node:stream";
import { MpregError, isLoopback } from "@mpreg/core/base";
import type { LinkProtocol } from "@mpreg/core/node";
import { subprotocol } from "@mpreg/core/wire";
import { WebSocketServer } from "ws";
import { type AdmissionOptions, type Refusal, refusalOf } from "./admission.js";
import type { Gate } from "./gate.js";
import type { TlsOptions } from "./types.js";
import { type OpenSocket, socketOptions } from "./websocket.js";

export interface ListenOptions extends AdmissionOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** A further port, which other processes of a `node:cluster` listen on, too. */
  readonly sharedPort: number | undefined;
  readonly tls: TlsOptions | undefined;
  readonly insecure: boolean;
  readonly messageBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly gate: Gate;
  /** Gets WebSockets that speak MQTT, where the node has a door for them: at `/mqtt`, with the subprotocol `mqtt`. */
  readonly onMqtt?: ((opened: OpenUpgrade) => void) | undefined;
}

/** A WebSocket that another protocol than the node's own speaks. */
export type OpenUpgrade = Omit<OpenSocket, "protocol" | "accepted">;

export interface Listener {
  readonly port: number;
  /** `ws:` or `wss:` */
  readonly scheme: "ws" | "wss";
  /** Stops listening, and resolves when the last connection is gone: those not closed by then are cut after 2 s. */
  close(): Promise<void>;
}

/** Answers an HTTP request that is no upgrade. */
export type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

/** How long connections have to end by themselves. */
const closeTimeoutMs = 2_000;

/** Listens; rejects with `invalid-argument` when it may not, or with what the system says (`EADDRINUSE`). */
export async function listen(
  options: ListenOptions,
  onSocket: (opened: OpenSocket) => void,
  onRequest: OnRequest,
): Promise<Listener> {
  checkAddress(options);
  const { gate } = options;
  const tls = serverTls(options.tls);
  const times = serverTimes(options);
  const server: Server =
    tls === undefined
      ? createServer(times)
      : createSecureServer({ ...tls, ...times, handshakeTimeout: times.headersTimeout });
  // those that have not asked for anything yet, or are to be refused, need room beside those that were let in
  server.maxConnections = gate.limits.connectionsMax + gate.limits.strangersMax;
  const sockets = new WebSocketServer({
    noServer: true,
    ...socketOptions(options.messageBytesMax),
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const { onMqtt } = options;
  const mqttSockets =
    onMqtt === undefined
      ? undefined
      : new WebSocketServer({
          noServer: true,
          ...socketOptions(options.messageBytesMax),
          handleProtocols: () => mqttProtocol,
        });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const refusal = refusalOf(request, options);
    if (refusal === undefined) onRequest(request, response);
    else refuseRequest(response, refusal);
  });
  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const isMqtt = mqttSockets !== undefined && wantsMqtt(request);
    const refusal = refusalOf(request, options) ?? protocolRefusal(request, isMqtt) ?? gate.refusal();
    if (refusal !== undefined) return refuseUpgrade(stream, refusal);
    const address = request.socket.remoteAddress ?? "";
    if (isMqtt) {
      mqttSockets.handleUpgrade(request, stream, head, (socket) => onMqtt?.({ socket, stream, address }));
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const protocol: LinkProtocol = socket.protocol === subprotocol ? "native" : "json-v1";
      onSocket({ socket, stream, address, protocol, accepted: true });
    });
  });
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const { host, port, sharedPort } = options;
  const servers: NetServer[] = [server];
  await listening(server, { host, port, exclusive: true }); // (L5)
  if (sharedPort !== undefined) {
    const shared = sharedServer(server);
    try {
      await listening(shared, { host, port: sharedPort });
    } catch (error) {
      server.close();
      throw error;
    }
    servers.push(shared);
  }
  return {
    port: (server.address() as AddressInfo).port,
    scheme: tls === undefined ? "ws" : "wss",
    close: () =>
      new Promise((resolve) => {
        // strangers may hold on to a connection for as long as they like, and some never said a word (L3)
        const timer = setTimeout(() => {
          for (const socket of open) socket.destroy();
        }, closeTimeoutMs);
        let left = servers.length;
        for (const each of servers) {
          each.close(() => {
            left -= 1;
            if (left > 0) return;
            clearTimeout(timer);
            resolve();
          });
        }
        server.closeAllConnections();
      }),
  };
}

/** What comes in there is served as if it had come to `server`. */
function sharedServer(server: Server): NetServer {
  const shared = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit("connection", socket); // documented for it: "This event can also be explicitly emitted by users"
  });
  shared.maxConnections = server.maxConnections;
  return shared;
}

function listening(
  server: NetServer,
  where: SystemListenOptions & { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(describeListenError(error, where));
    });
    server.listen(where, resolve);
  });
}

export interface ServerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** What a server needs to speak TLS; `undefined` when only a `ca` for dialling was given. */
export function serverTls(tls: TlsOptions | undefined): ServerTls | undefined {
  const { cert, key } = tls ?? {};
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  const [given, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
  throw new MpregError(
    "invalid-argument",
    `tls has a \`${given}\` but no \`${missing}\`: listening with TLS needs both`,
  );
}

/** How long HTTP waits for a request, and how often it looks. (L4) */
function serverTimes({ handshakeTimeoutMs }: ListenOptions): {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
} {
  const timeout = Math.ceil(handshakeTimeoutMs);
  return { headersTimeout: timeout, requestTimeout: timeout, connectionsCheckingInterval: Math.ceil(timeout / 4) };
}

function createSecureServer(tls: SecureServerOptions): Server {
  try {
    return createTlsServer(tls);
  } catch (cause) {
    const message = `Cannot use the certificate and key of \`tls\`: ${(cause as Error).message}`;
    throw new MpregError("invalid-argument", message, { cause });
  }
}

/** (L1) */
export function checkAddress({ host, tls, insecure }: Pick<ListenOptions, "host" | "tls" | "insecure">): void {
  if (isLoopback(host) || serverTls(tls) !== undefined || insecure) return;
  const message =
    `Cannot listen on ${host}: that would let other machines in without encryption. ` +
    "Listen on 127.0.0.1, give `tls` a certificate and key, or set `insecure: true` if the network is yours";
  throw new MpregError("invalid-argument", message);
}

function refuseRequest(response: ServerResponse, { status, reason }: Refusal): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`Refused: ${reason}\n`);
}

/** The subprotocol of MQTT (MQTT 3.1.1 §6), and where it is spoken. */
const mqttProtocol = "mqtt";
const mqttPath = "/mqtt";

function wantsMqtt({ url = "/", headers }: IncomingMessage): boolean {
  return url.split("?", 1)[0] === mqttPath && offers(headers["sec-websocket-protocol"], mqttProtocol);
}

function offers(offered: string | undefined, protocol: string): boolean {
  return offered?.split(",").some((each) => each.trim() === protocol) === true;
}

function protocolRefusal(request: IncomingMessage, isMqtt: boolean): Refusal | undefined {
  const offered = request.headers["sec-websocket-protocol"];
  if (offered === undefined || isMqtt || offers(offered, subprotocol)) return undefined;
  const reason = `none of the subprotocols ${JSON.stringify(offered)} is known; this node speaks ${subprotocol}`;
  return { status: 403, reason };
}

/** (L2) */
function refuseUpgrade(stream: Duplex, { status, reason }: Refusal): void {
  const body = `Refused: ${reason}\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  stream.on("error", () => undefined); // the other side may be gone already; there is nobody left to tell
  stream.once("finish", () => {
    stream.destroy();
  });
  stream.end(head + body);
}

/** Why nobody can be listened to there. */
export function describeListenError(
  error: NodeJS.ErrnoException,
  { host, port }: Pick<ListenOptions, "host" | "port">,
): MpregError {
  const why =
    error.code === "EADDRINUSE"
      ? "the port is in use; take another one, or 0 for any free one"
      : error.code === "EADDRNOTAVAIL"
        ? "this machine does not have that address"
        : error.message;
  return new MpregError("invalid-argument", `Cannot listen on ${host}:${port}: ${why}`, { cause: error });
}
