/**
 * Trace context: what of a distributed trace travels with a call, as W3C "Trace Context" (https://www.w3.org/TR/trace-context/)
 * has it, in the bytes in which it travels here: 16 of the trace's id, 8 of the parent's, one of flags, then the
 * `tracestate` as it is.
 *
 * (C1) What is no trace context is as if it were not there: it is never an error of a call.
 * (C2) A `tracestate` of more than 512 characters, or with others than visible ASCII, is left out; the ids are not.
 */
import { hexOf } from "./bytes.js";

/** Made by {@link packTrace}, or read from a message and checked by {@link checkedTrace}. */
export type TraceContext = Uint8Array;

/** The fields of a trace context as tracing libraries have them. */
export interface TraceFields {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: the trace is recorded. */
  readonly traceFlags: number;
  /** Empty when there is none. */
  readonly state: string;
}

const spanIdAt = 16;
const flagsAt = 24;
const stateAt = 25;
const stateBytesMax = 512;
const sampledFlag = 1;

/** The bytes in which `fields` travel. */
export function packTrace({ traceId, spanId, traceFlags, state }: TraceFields): TraceContext {
  const told = state !== "" && /^[\x20-\x7e]{1,512}$/.test(state) ? state : ""; // (C2)
  const bytes = new Uint8Array(stateAt + told.length);
  writeHex(bytes, 0, spanIdAt, traceId);
  writeHex(bytes, spanIdAt, flagsAt, spanId);
  bytes[flagsAt] = traceFlags;
  for (let i = 0; i < told.length; i++) bytes[stateAt + i] = told.charCodeAt(i);
  return bytes;
}

export function unpackTrace(trace: TraceContext): TraceFields {
  let state = "";
  for (let i = stateAt; i < trace.length; i++) state += String.fromCharCode(trace[i] as number);
  return {
    traceId: traceIdOf(trace),
    spanId: hexOf(trace, spanIdAt, flagsAt),
    traceFlags: trace[flagsAt] as number,
    state,
  };
}

/** The trace context that `bytes` are, without what cannot be passed on; `undefined` when they are none. (C1) */
export function checkedTrace(bytes: Uint8Array): TraceContext | undefined {
  if (bytes.length < stateAt || isZero(bytes, 0, spanIdAt) || isZero(bytes, spanIdAt, flagsAt)) return undefined;
  let isPlain = bytes.length <= stateAt + stateBytesMax;
  for (let i = stateAt; isPlain && i < bytes.length; i++) {
    const code = bytes[i] as number;
    isPlain = code >= 0x20 && code <= 0x7e;
  }
  return isPlain ? bytes : bytes.subarray(0, stateAt); // (C2)
}

/** Whether the trace is recorded. */
export function isSampled(trace: TraceContext): boolean {
  return ((trace[flagsAt] as number) & sampledFlag) !== 0;
}

/** The trace's own id, as 32 hexadecimal digits. */
export function traceIdOf(trace: TraceContext): string {
  return hexOf(trace, 0, spanIdAt);
}

/** The context as the HTTP header `traceparent` has it. */
export function traceparentOf(trace: TraceContext): string {
  return `00-${traceIdOf(trace)}-${hexOf(trace, spanIdAt, flagsAt)}-${hexOf(trace, flagsAt, stateAt)}`;
}

function writeHex(bytes: Uint8Array, start: number, end: number, hex: string): void {
  for (let i = start, at = 0; i < end; i++, at += 2) {
    bytes[i] = (hexValue(hex.charCodeAt(at)) << 4) | hexValue(hex.charCodeAt(at + 1));
  }
}

/** The value of a hexadecimal digit, of either case, by its code. */
export function hexValue(code: number): number {
  return (code & 0xf) + (code >>> 6) * 9; // letters have bit 6, and begin at 1
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
