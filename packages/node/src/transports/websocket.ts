/**
 * WebSocket connections, dialled and accepted (RFC 6455, through ws).
 *
 * (W1) One frame of ours is one binary message; nothing is compressed, since a batch is sent once and read at once.
 * (W2) What waits to be written is told with every send; when it has gone, `writable` follows.
 * (W3) The guard hears of every byte that comes in, and of every message before anybody else.
 */
import type { Duplex } from "node:stream";
import type { Goodbye } from "@mpreg/core/link";
import { frameBytesMax } from "@mpreg/core/link";
import type { LinkProtocol } from "@mpreg/core/node";
import { subprotocol } from "@mpreg/core/wire";
import { type RawData, WebSocket } from "ws";
import type { Gate } from "./gate.js";
import { type Ending, Guard } from "./guard.js";
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
  /** May be replaced once the handshake is over. */
  onFrame: (frame: Uint8Array) => void;
  readonly onWritable: () => void;
  /** The connection is being ended from here, for what it holds or how long it takes. `onClose` follows. */
  readonly onEnded: (reason: string) => void;
  readonly onClose: (reason: string) => void;
}

/** What both ends of a WebSocket are opened with. */
export function socketOptions(messageBytesMax: number): {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly allowSynchronousEvents: true;
} {
  // messages are told at once, not in a later turn: the intake counts on it
  return { perMessageDeflate: false, maxPayload: messageBytesMax + frameBytesMax, allowSynchronousEvents: true }; // (W1)
}

/** A WebSocket that has just opened. */
export interface OpenSocket {
  readonly socket: WebSocket;
  /** What the WebSocket reads from; nothing has been read yet. */
  readonly stream: Duplex;
  readonly address: string;
  readonly protocol: LinkProtocol;
  /** The far side has opened it. */
  readonly accepted: boolean;
}

/** Makes a connection of an open socket. `events` gets everything that happens from now on. */
export function socketConnection(opened: OpenSocket, gate: Gate, events: () => SocketEvents): Connection {
  const { socket, stream, address, protocol, accepted } = opened;
  // an error is always followed by close, which has the reason
  let failure: string | undefined;
  const end = (ending: Ending, reason: string): void => {
    if (failure !== undefined) return;
    failure = reason;
    events().onEnded(reason);
    if (ending.how === "cut") {
      socket.terminate();
      return;
    }
    closeSocket(socket, ending.code, reason);
    stream.removeAllListeners("data").resume(); // what still comes is thrown away, the answer to the goodbye too
    stream.end();
  };
  const guard = new Guard(gate, { protocol, accepted, end });
  const onWritable = (): void => {
    if (socket.bufferedAmount <= watchedBytes) events().onWritable();
  };
  const onReplied = (): void => {
    guard.replying(socket.bufferedAmount);
  };
  const onRepliedWritable = (): void => {
    onReplied();
    onWritable();
  };
  socket.on("message", (data: RawData) => {
    const bytes = plainBytes(data as Buffer);
    if (guard.message(bytes.length)) events().onFrame(bytes); // (W3)
  });
  const onControl = (data: Buffer): void => {
    guard.control(data.length);
  };
  socket.on("ping", onControl).on("pong", onControl);
  stream.on("data", (piece: Buffer) => {
    guard.piece(piece.length); // behind the listener of ws: what is whole has come out (W3)
  });
  socket.on("error", (error) => {
    failure ??= describeError(error);
  });
  socket.on("close", (code, reason) => {
    guard.gone();
    events().onClose(failure ?? describeClose(code, reason.toString()));
  });
  return {
    protocol,
    address,
    send: (frame) => {
      if (socket.readyState !== WebSocket.OPEN) return 0;
      const isWatched = socket.bufferedAmount + frame.length > watchedBytes; // (W2)
      if (protocol === "json-v1") {
        socket.send(frame, isWatched ? onRepliedWritable : onReplied);
        guard.replying(socket.bufferedAmount);
      } else if (isWatched) socket.send(frame, onWritable);
      else socket.send(frame);
      return socket.bufferedAmount;
    },
    close: ({ code, reason }) => {
      closeSocket(socket, closeCodes[code] ?? 1000, reason);
    },
    known: () => {
      guard.known();
    },
  };
}

/** Says goodbye, and hangs up when the far side has not done so in time. */
function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, Buffer.from(reason).subarray(0, reasonBytesMax).toString());
  const timer = setTimeout(() => {
    socket.terminate();
  }, closeTimeoutMs);
  timer.unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
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
  onOpen: (opened: OpenSocket) => void,
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
  socket.once("upgrade", ({ socket: stream }) => {
    // follows at once, before anything is read
    socket.once("open", () => {
      socket.off("error", failed);
      onOpen({ socket, stream, address: new URL(url).hostname, protocol: "native", accepted: false });
    });
  });
  return {
    abort: () => {
      socket.off("error", failed);
      socket.removeAllListeners("upgrade").removeAllListeners("open");
      socket.on("error", () => undefined); // ws reports the abort itself as an error
      socket.terminate();
    },
  };
}

/** The same bytes without Buffer's own `slice`, which would not copy. */
function plainBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function describeError({ message, code }: NodeJS.ErrnoException): string {
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}

/** 1006 stands for a connection that ended without a close frame (RFC 6455 §7.4.1). */
function describeClose(code: number, reason: string): string {
  return `the connection was closed with code ${code}${reason === "" ? "" : `: ${reason}`}`;
}
