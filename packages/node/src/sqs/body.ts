/**
 * Body: the bytes of one request, bounded alone and together with those of all others.
 *
 * (B1) A request has at most `bodyBytesMax`, all that are being read at most `arrivingBytesMax`; what is beyond is not kept.
 */
import type { IncomingMessage } from "node:http";

/** 1 MiB of messages can be six times as much in JSON, where every character is escaped, and more as a form. */
const bodyBytesMax = 8 * 1024 * 1024;
const arrivingBytesMax = 64 * 1024 * 1024;

/** What has arrived of requests that are not complete. */
export class Arriving {
  bytes = 0;
}

export type Body =
  | { readonly kind: "complete"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly bytesMax: number }
  | { readonly kind: "no-room" }
  /** Whoever was sending it is gone. */
  | { readonly kind: "broken" };

/** Reads it; `end` is called once. */
export function readBody(request: IncomingMessage, arriving: Arriving, end: (body: Body) => void): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const finish = (body: Body): void => {
    if (isOver) return;
    isOver = true;
    arriving.bytes -= bytes;
    if (body.kind !== "complete") pieces.length = 0;
    end(body);
  };
  if (Number(request.headers["content-length"] ?? 0) > bodyBytesMax) {
    finish({ kind: "too-large", bytesMax: bodyBytesMax });
    request.resume();
    return;
  }
  request.on("data", (piece: Buffer) => {
    if (isOver) return; // (B1)
    bytes += piece.length;
    arriving.bytes += piece.length;
    pieces.push(piece);
    if (bytes > bodyBytesMax) finish({ kind: "too-large", bytesMax: bodyBytesMax });
    else if (arriving.bytes > arrivingBytesMax) finish({ kind: "no-room" });
  });
  request.once("end", () => {
    finish({ kind: "complete", bytes: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces) });
  });
  request.once("error", () => {
    finish({ kind: "broken" });
  });
  request.once("close", () => {
    finish({ kind: "broken" });
  });
}
