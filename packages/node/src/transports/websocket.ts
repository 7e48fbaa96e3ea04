/**
 * WebSocket connections, dialled and accepted (RFC 6455, through ws).
 *
 * (W1) One frame of ours is one binary message; nothing is compressed, since a batch is sent once and read at once.
 * (W2) What waits to be written is told with every send; when it has gone, `writable` follows.
 */
import type { Goodbye } from "@mpreg/core/link";
import { frameBytesMax } from "@mpreg/core/link";
import type { LinkProtocol } from "@mpreg/core/node";
import { subprotocol } from "@mpreg/core/wire";
import { type RawData, WebSocket } from "ws";
import type { Connection } from "./types.js";

/** Bytes waiting in a socket from which on its writes are watched. */
const watchedBytes = 1024 * 1024;
const closeTimeoutMs = 2_000;

/** Close codes of RFC 6455 §7.4 for our goodbyes; the reason is in the goodbye itself. */
const closeCodes: Partial<Record<Goodbye["code"], number>> = {
  closing: 1001,
  refused: 1008,
  malformed: 1002,
  slow: 1013,
};
const reasonBytesMax = 120;

/** What a connection tells the driver. */
export interface SocketEvents {
  onFrame(frame: Uint8Array): void;
  onWritable(): void;
  onClose(reason: string): void;
}

/** What both ends of a WebSocket are opened with. */
export function socketOptions(messageBytesMax: number): { perMessageDeflate: false; maxPayload: number } {
  return { perMessageDeflate: false, maxPayload: messageBytesMax + frameBytesMax }; // (W1)
}

/** Makes a connection of an open socket. `events` gets everything that happens from now on. */
export function socketConnection(
  socket: WebSocket,
  address: string,
  protocol: LinkProtocol,
  events: () => SocketEvents,
): Connection {
  const onWritable = (): void => {
    if (socket.bufferedAmount <= watchedBytes) events().onWritable();
  };
  socket.on("message", (data: RawData) => {
    events().onFrame(plainBytes(data as Buffer));
  });
  // an error is always followed by close, which has the reason
  let failure: string | undefined;
  socket.on("error", (error) => {
    failure = error.message;
  });
  socket.on("close", (code, reason) => {
    events().onClose(failure ?? describeClose(code, reason.toString()));
  });
  return {
    protocol,
    address,
    send: (frame) => {
      if (socket.readyState !== WebSocket.OPEN) return 0;
      if (socket.bufferedAmount + frame.length <= watchedBytes) socket.send(frame);
      else socket.send(frame, onWritable); // (W2)
      return socket.bufferedAmount;
    },
    close: ({ code, reason }) => {
      socket.close(closeCodes[code] ?? 1000, Buffer.from(reason).subarray(0, reasonBytesMax).toString());
      const timer = setTimeout(() => {
        socket.terminate();
      }, closeTimeoutMs);
      timer.unref();
      socket.once("close", () => {
        clearTimeout(timer);
      });
    },
  };
}

export interface DialOptions {
  readonly messageBytesMax: number;
  readonly timeoutMs: number;
  /** Certificates trusted beside the system's, in PEM. */
  readonly ca: string | Buffer | undefined;
}

/** A dial in progress. */
export interface Dialing {
  /** Gives up; neither callback follows. */
  abort(): void;
}

/** Opens a native connection to `url`; exactly one of the callbacks follows, later. */
export function dialSocket(
  url: string,
  options: DialOptions,
  onOpen: (socket: WebSocket, address: string) => void,
  onFail: (reason: string) => void,
): Dialing {
  const { messageBytesMax, timeoutMs, ca } = options;
  const tls = ca === undefined ? {} : { ca };
  const settings = { ...socketOptions(messageBytesMax), handshakeTimeout: timeoutMs, ...tls };
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, subprotocol, settings);
  } catch (error) {
    const timer = setImmediate(() => {
      onFail((error as Error).message);
    });
    return {
      abort: () => {
        clearImmediate(timer);
      },
    };
  }
  const failed = (error: Error): void => {
    onFail(error.message);
  };
  socket.once("error", failed);
  socket.once("open", () => {
    socket.off("error", failed);
    onOpen(socket, new URL(url).hostname);
  });
  return {
    abort: () => {
      socket.off("error", failed);
      socket.removeAllListeners("open");
      socket.on("error", () => undefined); // ws reports the abort itself as an error
      socket.terminate();
    },
  };
}

/** The same bytes without Buffer's own `slice`, which would not copy. */
function plainBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function describeClose(code: number, reason: string): string {
  if (reason !== "") return reason;
  return code === 1006 ? "the connection broke" : `the connection was closed with code ${code}`;
}
