/**
 * Options of calls and requests, and the checks that they are what they should be.
 */
import { MpregError, callOf, checkOptions, optionNames, quoted } from "../../base/index.js";
import { isPlainObject } from "./objects.js";
import { refTarget, typeName } from "./ref.js";
import type { RequestEvent } from "../events.js";
import type { OnError, RequestSummary } from "../types.js";

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
  /**
   * Time allowed for the request, in ms; default: the node's (`limits.timeoutMs`, 30 s), which a client learns when it
   * connects, counted from when the request reaches the node. `deadline` when it is over, from the node, or half a second
   * later from the client when that does not hear it.
   */
  readonly timeoutMs?: number | undefined;
  /** `"fail"` (default): the first failure ends the request. `"settle"`: independent branches finish. */
  readonly onError?: OnError | undefined;
  /**
   * Whether steps wait while no node offers their function with the resources asked for: not at all (default), as long
   * as the request may take (`true`), or so many ms, each from when its inputs are there; `no-provider` after. Nodes that
   * offer it and have no room are not waited for longer by that.
   */
  readonly waitForCapacity?: boolean | number | undefined;
  /**
   * It is run to its end even when the client is gone, and its end is kept for a while in case the client comes back for
   * it. Default `false`: what nobody comes back for within the node's `resumeMs` is cancelled.
   */
  readonly detached?: boolean | undefined;
  /** Called once, before the answer, with what the request did and where its time went. */
  readonly onSummary?: ((summary: RequestSummary) => void) | undefined;
  /**
   * Called for everything that happens to the request while it runs, in that order, and not after its end. Where the
   * connection is slower than the events, some are left out and `{ kind: "missed", count }` says how many.
   */
  readonly onEvent?: ((event: RequestEvent) => void) | undefined;
  /** Tell results of steps that take 16 KiB at most with their events (`result-available`). Default: `false`. */
  readonly intermediates?: boolean | undefined;
}

/** Longest duration that is accepted anywhere: what a 32-bit timer can hold, almost 25 days. */
export const durationMsMax: number = 2 ** 31 - 1;

const duration = `a number of milliseconds above 0 and up to ${durationMsMax}`;

// Below, `who` takes the option, and if that is a call, of the function `called`: put into words only for an error.

/** The number of ms to put on the wire: 0 for an option that is not given. Throws `invalid-argument`. */
export function durationMs(value: unknown, option: string, who?: string, called?: string): number {
  if (value === undefined) return 0;
  if (isDuration(value)) return Math.ceil(value);
  throw mustBe(duration, value, option, who, called);
}

/** How long steps may wait for capacity, in ms; 0 = not at all. */
export function capacityWaitMs(value: unknown, who?: string, called?: string): number {
  if (value === undefined || value === false || value === 0) return 0;
  if (value === true) return durationMsMax;
  if (isDuration(value)) return Math.ceil(value);
  throw mustBe(`true, false, or ${duration}`, value, "waitForCapacity", who, called);
}

/** The names of the options of every request. */
export const runNames: { readonly [Name in keyof RunOptions]-?: true } = {
  signal: true,
  timeoutMs: true,
  onError: true,
  waitForCapacity: true,
  onSummary: true,
  onEvent: true,
  intermediates: true,
  detached: true,
};

const knownNames = optionNames<RunOptions>(runNames);

/** Throws `invalid-argument` for options of the run of a request that are not what they should be. */
export function checkRunOptions(options: RunOptions, who = "run", known: ReadonlySet<string> = knownNames): void {
  checkOptions(options, known, who);
  const onError: unknown = options.onError;
  if (onError !== undefined && onError !== "fail" && onError !== "settle") {
    throw mustBe('"fail" or "settle"', onError, "onError");
  }
  durationMs(options.timeoutMs, "timeoutMs");
  capacityWaitMs(options.waitForCapacity);
  flagOf(options.detached, "detached");
  flagOf(options.intermediates, "intermediates");
  checkListeners(options);
}

/** `true` where the option is set. Throws `invalid-argument` for what is neither `true` nor `false`. */
export function flagOf(value: unknown, option: string, who?: string, called?: string): true | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return true;
  throw mustBe("true or false", value, option, who, called);
}

/** Throws `invalid-argument` unless `signal`, `onSummary` and `onEvent` are what they should be, or not given. */
export function checkListeners(
  options: Pick<RunOptions, "signal" | "onSummary" | "onEvent">,
  who?: string,
  called?: string,
): void {
  const { signal, onSummary, onEvent }: { readonly [Name in keyof typeof options]?: unknown } = options;
  if (signal !== undefined && !isSignal(signal)) throw mustBe("an AbortSignal", signal, "signal", who, called);
  if (onSummary !== undefined && typeof onSummary !== "function") {
    throw mustBe("a function", onSummary, "onSummary", who, called);
  }
  if (onEvent !== undefined && typeof onEvent !== "function") {
    throw mustBe("a function", onEvent, "onEvent", who, called);
  }
}

/** True for the platform's `AbortSignal`, and for what can do as much. */
function isSignal(value: unknown): value is CancelSignal {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener }: { readonly aborted?: unknown; readonly addEventListener?: unknown } = value;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}

const noNames: readonly string[] = [];

/** Names of resources, each once. Throws `invalid-argument`. */
export function resourceNames(value: unknown, option: string, who?: string, called?: string): readonly string[] {
  if (value === undefined) return noNames;
  if (!Array.isArray(value)) throw mustBe("an array of names", value, option, who, called);
  for (const name of value as readonly unknown[]) checkName(name, option, who, called);
  return [...new Set(value as readonly string[])];
}

/** Throws `invalid-argument` unless `value` is a name that is not empty. */
export function checkName(value: unknown, option: string, who?: string, called?: string): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw mustBe("a name that is not empty", value, option, who, called);
}

/** Throws `invalid-argument` unless `value` is an array of arguments. */
export function checkArguments(value: unknown, who: string, called: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw mustBe("an array", value, "the arguments", who, called);
}

/** Throws `invalid-argument` unless `value` can be keyword arguments; where there is a contract, nothing can. */
export function checkKwargs(value: unknown, hasContract: boolean, who: string, called: string): void {
  if (value === undefined) return;
  if (hasContract) {
    const message = "a function of a contract has no kwargs; give them as its last argument";
    throw invalid(`${callOf(who, called)}: ${message}`);
  }
  if (refTarget(value) === undefined && !isPlainObject(value)) {
    throw mustBe("a plain object", value, "kwargs", who, called);
  }
}

export function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= durationMsMax;
}

export function mustBe(what: string, got: unknown, option: string, who?: string, called?: string): MpregError {
  const prefix = who === undefined ? "" : `${callOf(who, called)}: `;
  return invalid(`${prefix}${option} must be ${what}, got ${shown(got)}`);
}

function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : typeName(value);
}
