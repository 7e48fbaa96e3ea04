/**
 * Platform: what the client needs from where it runs. Implemented by `socket-node.ts` and `socket-browser.ts`, of which
 * the package's import conditions choose one.
 */
import type { Random } from "@mpreg/core/base";
import type { OpenTelemetryApi } from "@mpreg/core/rpc";
import type { ByteMemory, ValueUtf8 } from "@mpreg/core/values";

/** An open WebSocket, or one that is being opened. */
export interface Socket {
  /** Sends one binary message; answers how many bytes now wait to be written: where none does, the memory of `frame` is written to again. */
  send(frame: Uint8Array): number;
  close(code: number, reason: string): void;
}

export interface SocketEvents {
  onOpen(): void;
  onFrame(frame: Uint8Array): void;
  /** What waited has been written, as far as the platform can tell. */
  onWritable(): void;
  /** The socket is gone, or was never opened. Called once. */
  onClose(reason: string): void;
}

export interface SocketOptions {
  readonly subprotocol: string;
  /** Largest message accepted, in bytes. */
  readonly frameBytesMax: number;
  readonly timeoutMs: number;
  /** Certificates trusted beside the system's, in PEM; in a browser the browser's own hold. */
  readonly ca: string | Uint8Array | undefined;
}

/** What a platform knows one of its timers by. */
export type Timer = object | number;

export interface Platform {
  readonly utf8: ValueUtf8;
  readonly random: Random;
  /** Memory that small byte arrays share, where nobody can transfer it away from the others; else each has its own. */
  smallMemory?(): ByteMemory;
  openSocket(url: string, options: SocketOptions, events: SocketEvents): Socket;
  /** Runs `callback` when what runs now has ended, so that everything it had to send goes out together. */
  endOfTurn(callback: () => void): void;
  /** Runs `callback` in `ms`, which is at most 2^31 - 1. */
  setTimer(callback: () => void, ms: number): Timer;
  clearTimer(timer: Timer): void;
  /** The module `@opentelemetry/api`, once this process uses it, where it can be found. */
  openTelemetry(): OpenTelemetryApi | undefined;
  /** Monotonic time in ms. */
  now(): number;
  /** The wall clock, in ms since 1970, for display. */
  wallMs(): number;
}
