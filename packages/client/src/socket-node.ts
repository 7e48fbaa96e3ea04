/** The platform under Node: sockets by ws, since Node 20 has no WebSocket of its own. */
import { randomFillSync } from "node:crypto";
import { createRequire } from "node:module";
import { markAsUntransferable } from "node:worker_threads";
import type { OpenTelemetryApi } from "@mpreg/core/rpc";
import { bufferUtf8, createSlab } from "@mpreg/core/values";
import { WebSocket } from "ws";
import type { Platform } from "./platform.js";

const watchedBytes = 1024 * 1024;
const closeTimeoutMs = 2_000;

/** What all copies of OpenTelemetry's API of one major version share: where an SDK is registered. Without one nothing is loaded. */
const registered = Symbol.for("opentelemetry.js.api.1");
let foundApi: { readonly api: OpenTelemetryApi | undefined } | undefined;

export const platform: Platform = {
  utf8: bufferUtf8(Buffer),
  random: {
    next: () => Math.random(),
    bytes: (length) => randomFillSync(new Uint8Array(length)),
  },
  smallMemory: () =>
    createSlab((length) => {
      const chunk = new Uint8Array(length);
      markAsUntransferable(chunk.buffer);
      return chunk;
    }),
  now: () => performance.now(),
  wallMs: () => Date.now(),
  openTelemetry: () => {
    if (foundApi !== undefined || !(registered in globalThis)) return foundApi?.api;
    try {
      foundApi = { api: createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetryApi };
    } catch {
      foundApi = { api: undefined }; // the program has an API that cannot be found from here: it may hand it in
    }
    return foundApi.api;
  },
  setTimer: (callback, ms) => setTimeout(callback, ms),
  clearTimer: (timer) => {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  },
  endOfTurn: (callback) => {
    process.nextTick(callback);
  },
  openSocket: (url, { subprotocol, frameBytesMax, timeoutMs, ca }, events) => {
    const tls = ca === undefined ? {} : { ca: asBuffer(typeof ca === "string" ? Buffer.from(ca) : ca) };
    const settings = { perMessageDeflate: false, maxPayload: frameBytesMax, handshakeTimeout: timeoutMs, ...tls };
    const socket = new WebSocket(url, subprotocol, settings);
    let failure: string | undefined;
    socket.on("open", () => {
      events.onOpen();
    });
    socket.on("message", (data) => {
      // without Buffer's own `slice`, which would not copy
      const { buffer, byteOffset, byteLength } = data as Buffer;
      events.onFrame(new Uint8Array(buffer, byteOffset, byteLength));
    });
    socket.on("error", (error) => {
      failure = error.message; // close follows
    });
    socket.on("close", (code, reason) => {
      events.onClose(
        failure ?? (reason.length > 0 ? reason.toString() : `the connection was closed with code ${code}`),
      );
    });
    const onWritten = (): void => {
      if (socket.bufferedAmount <= watchedBytes) events.onWritable();
    };
    return {
      send: (frame) => {
        if (socket.readyState !== WebSocket.OPEN) return 0;
        if (socket.bufferedAmount + frame.length <= watchedBytes) socket.send(frame);
        else socket.send(frame, onWritten);
        return socket.bufferedAmount;
      },
      close: (code, reason) => {
        if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
        socket.close(code, reason);
        const timer = setTimeout(() => {
          socket.terminate();
        }, closeTimeoutMs);
        timer.unref();
        socket.once("close", () => {
          clearTimeout(timer);
        });
      },
    };
  },
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
