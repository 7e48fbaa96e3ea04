/** The platform in browsers (and workers): the platform's own WebSocket, TextEncoder and crypto. */
import type { Platform } from "./platform.js";

const watchedBytes = 1024 * 1024;
/** A browser does not tell when bytes have gone: it is asked this often while many wait. */
const writablePollMs = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const platform: Platform = {
  utf8: {
    encode: (text) => encoder.encode(text),
    decode: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)),
    encodeInto: (text, target, position) => encoder.encodeInto(text, target.subarray(position)).written,
  },
  random: {
    next: () => Math.random(),
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  },
  now: () => performance.now(),
  wallMs: () => Date.now(),
  openTelemetry: () => undefined, // whoever bundles it hands it in
  setTimer: (callback, ms) => setTimeout(callback, ms),
  clearTimer: (timer) => {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  },
  endOfTurn: (callback) => {
    queueMicrotask(callback);
  },
  openSocket: (url, { subprotocol, timeoutMs }, events) => {
    const socket = new WebSocket(url, subprotocol);
    socket.binaryType = "arraybuffer";
    const timer = setTimeout(() => {
      socket.close();
    }, timeoutMs);
    socket.onopen = () => {
      clearTimeout(timer);
      events.onOpen();
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      events.onFrame(new Uint8Array(data));
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(timer);
      events.onClose(reason === "" ? `the connection was closed with code ${code}` : reason);
    };
    const poll = (): void => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount <= watchedBytes) events.onWritable();
      else setTimeout(poll, writablePollMs);
    };
    let polling = false;
    return {
      send: (frame) => {
        if (socket.readyState !== WebSocket.OPEN) return 0;
        // the bytes are never written to again, so the browser may take its time with them
        socket.send(frame as Uint8Array<ArrayBuffer>);
        if (socket.bufferedAmount > watchedBytes && !polling) {
          polling = true;
          setTimeout(() => {
            polling = false;
            poll();
          }, writablePollMs);
        }
        return socket.bufferedAmount;
      },
      close: (code, reason) => {
        // a page may only use 1000 and codes of its own
        socket.close(code === 1000 ? 1000 : 4000 + (code % 1000), reason);
      },
    };
  },
};
