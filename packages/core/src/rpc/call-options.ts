/**
 * Options of calls and requests, and the checks that they are what they should be.
 */
import { MpregError, quoted } from "../base/index.js";
import { typeName } from "./ref.js";
import type { OnError, RequestSummary } from "./types.js";

/** The part of the platform's `AbortSignal` that is used. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What a run of a whole request can be told. */
export interface RunOptions {
  /** Cancels the request; steps that run are told through their own signal. */
  readonly signal?: CancelSignal | undefined;
  /** Time allowed for the request, in ms; default: the node's. */
  readonly timeoutMs?: number | undefined;
  /** `"fail"` (default): the first failure ends the request. `"settle"`: independent branches finish. */
  readonly onError?: OnError | undefined;
  /**
   * Whether steps wait while no node offers their function with the resources asked for: not at all (default), as long
   * as the request may take (`true`), or so many ms.
   */
  readonly waitForCapacity?: boolean | number | undefined;
  /** Called once, before the answer, with what the request did and where its time went. */
  readonly onSummary?: ((summary: RequestSummary) => void) | undefined;
}

/** Longest duration that is accepted anywhere: what a 32-bit timer can hold, almost 25 days. */
export const durationMsMax: number = 2 ** 31 - 1;

/** The number of ms to put on the wire: 0 for an option that is not given. Throws `invalid-argument`. */
export function durationMs(value: unknown, what: string): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && value > 0 && value <= durationMsMax) return Math.ceil(value);
  throw invalid(`${what} must be a number of milliseconds above 0 and up to ${durationMsMax}, got ${shown(value)}`);
}

/** How long steps may wait for capacity, in ms; 0 = not at all. */
export function capacityWaitMs(value: unknown): number {
  if (value === undefined || value === false || value === 0) return 0;
  return value === true ? durationMsMax : durationMs(value, "waitForCapacity");
}

/** Checks what is checked about a request's options before it is sent. */
export function checkRunOptions(options: RunOptions): void {
  const onError: unknown = options.onError;
  if (onError !== undefined && onError !== "fail" && onError !== "settle") {
    throw invalid(`onError must be "fail" or "settle", got ${shown(onError)}`);
  }
  durationMs(options.timeoutMs, "timeoutMs");
  capacityWaitMs(options.waitForCapacity);
}

/** Names of resources, each once. Throws `invalid-argument`. */
export function resourceNames(value: unknown, what: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(`${what} must be an array of names, got ${shown(value)}`);
  for (const name of value as readonly unknown[]) checkName(name, what);
  return [...new Set(value as readonly string[])];
}

/** Throws `invalid-argument` unless `value` is a name that is not empty. */
export function checkName(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw invalid(`${what} must be a name that is not empty, got ${shown(value)}`);
  }
}

export function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : typeName(value);
}
