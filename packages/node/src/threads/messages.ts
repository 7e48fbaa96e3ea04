/**
 * Messages between the main thread and one that runs a handler, over a port of the call's own.
 *
 * (M1) What is transferred was copied before: bytes of calls are parts of memory that others read, too, and a step that is
 *      run again needs its arguments again.
 * (M2) An error arrives as the same code, message, outcome and place; its stack and cause stay behind.
 */
import type { MessagePort } from "node:worker_threads";
import { MpregError, type MpregErrorOptions } from "@mpreg/core/base";
import type { HandlerMessage, PublishConfirmation } from "@mpreg/core/program";
import type { Ask, Invocation, Progress, RpcLimits, Settled } from "@mpreg/core/rpc";
import type { Timings, WireLimits } from "@mpreg/core/wire";

export type ThreadLimits = WireLimits & Pick<RpcLimits, "valueBytesMax">;

/** What every thread of a pool is started with. */
export interface ThreadSetup {
  readonly module: string;
  readonly exportName: string;
  readonly fun: string;
  readonly nodeName: string;
  readonly limits: ThreadLimits;
  readonly exposeStacks: boolean;
  /** What the main thread's monotonic clock is behind that of the system, in ms. */
  readonly clockOffsetMs: number;
}

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

export type ThreadTask =
  /** Loads the module, so that the first call need not wait for it; answers why it cannot, or nothing. */
  | { readonly kind: "load" }
  | {
      readonly kind: "call";
      readonly invocation: Invocation;
      readonly port: MessagePort;
      readonly levels: readonly LogLevel[];
      /** What both threads read and change. */
      readonly shared: Int32Array;
    };

/** What is where in the memory that is shared: how many of the call's lines the main thread has logged. */
export const takenLines = 0;
/** How many of its reports the main thread has taken. */
export const takenReports = 1;
/** Whether its handler begins: see `beginning.ts`. */
export const beginning = 2;
export const sharedBytes = 12;

export type FromThread =
  /** A thread has taken the call, and sees that its module is loaded. */
  | { readonly kind: "taken" }
  /** The handler is about to run. */
  | { readonly kind: "begun" }
  /** The handler makes the items of a stream, each when it is asked for it. */
  | { readonly kind: "opened" }
  | { readonly kind: "made"; readonly item: Uint8Array }
  /** `stack` is that of what the handler threw, for the log. */
  | {
      readonly kind: "ended";
      readonly result: Uint8Array | MpregError;
      readonly timings: Timings;
      readonly stack: string | undefined;
    }
  | { readonly kind: "ask"; readonly number: number; readonly ask: Ask }
  | { readonly kind: "withdraw"; readonly number: number }
  | { readonly kind: "progress"; readonly progress: Progress }
  /** The handler publishes something; with `answerMs`, a question to which it wants the answer within that time. */
  | {
      readonly kind: "publish";
      readonly number: number;
      readonly message: HandlerMessage;
      readonly answerMs: number | undefined;
    }
  | { readonly kind: "log"; readonly level: LogLevel; readonly line: readonly unknown[] };

export type ToThread =
  /** An item of the stream is wanted. */
  | { readonly kind: "pull" }
  | { readonly kind: "abort"; readonly reason: MpregError }
  | { readonly kind: "settled"; readonly number: number; readonly settled: Settled }
  /** What the message of that number has come to, its answer, or why it is not published or answered. */
  | { readonly kind: "published"; readonly number: number; readonly result: PublishedResult };

export type PublishedResult = PublishConfirmation | Uint8Array | MpregError;

interface PackedError extends MpregErrorOptions {
  readonly mpregError: ConstructorParameters<typeof MpregError>[0];
  readonly message: string;
}

/** `message` for another thread, and the memory that goes with it. (M1) (M2) */
export function packed<M>(message: M): { readonly message: M; readonly transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  return { message: pack(message, transfer) as M, transfer };
}

function pack(value: unknown, transfer: ArrayBuffer[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    const own = new Uint8Array(value);
    transfer.push(own.buffer);
    return own;
  }
  if (value instanceof MpregError) {
    const { code, message, outcome, step, node, request, retryAfterMs } = value;
    return { mpregError: code, message, outcome, step, node, request, retryAfterMs } satisfies PackedError;
  }
  if (Array.isArray(value)) return value.map((each) => pack(each, transfer));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, pack(each, transfer)]));
}

/** What the other thread has packed. */
export function unpacked<M>(message: M): M {
  return unpack(message) as M;
}

function unpack(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(unpack);
  if ("mpregError" in value) {
    const { mpregError, message, ...options } = value as PackedError;
    return new MpregError(mpregError, message, options);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unpack(each)]));
}
