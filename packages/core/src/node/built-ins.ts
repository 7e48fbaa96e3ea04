/**
 * Built-in functions: what a node answers to calls itself, without a handler of its program. They are found, called, cancelled
 * and watched as all others are.
 *
 * (B1) Every call ends exactly once, never during the effect that has begun it.
 * (B2) A call that waits holds no permit: however many wait, those that work are not kept from it.
 * (B3) Names under `mpreg` belong to them: no program can register one.
 * (B4) Byte strings of their arguments share memory: one that keeps any of them copies it.
 */
import { MpregError, isA } from "../base/index.js";
import type { Invocation, Rpc } from "../rpc/index.js";
import { type ByteMemory, type Codec, createSlab } from "../values/index.js";
import type { Timings } from "../wire/index.js";

/** Is told what a call has come to, once: a value, or why not. */
export type BuiltInEnd = (result: unknown) => void;

/** What is done with a call that waits. */
export interface WaitingCall {
  giveUp(): void;
  /** Whoever waits for its end has no connection just now, or has one again: what it would be given meanwhile might never arrive. */
  heard?(isHeard: boolean): void;
}

/**
 * Begins a call. Where it does not end at once it answers how to give it up, if there is anything to do for that; its end is ignored
 * then. An {@link MpregError} that it throws is its end.
 */
export type BuiltIn = (
  invocation: Invocation,
  args: readonly unknown[],
  end: BuiltInEnd,
) => (() => void) | WaitingCall | undefined;

export interface BuiltInsHost {
  readonly codec: Pick<Codec, "encode" | "decodeTemplate">;
  readonly here: () => Pick<Rpc["here"], "suspend" | "resume">;
  readonly nowMs: () => number;
  invoked(id: number, result: Uint8Array | MpregError, timings: Timings, nowMs: number): void;
}

interface Ended {
  readonly id: number;
  readonly result: Uint8Array | MpregError;
  readonly timings: Timings;
}

const noTimings: Timings = { queueUs: 0, runUs: 0 };

export class BuiltIns {
  readonly #host: BuiltInsHost;
  readonly #functions = new Map<string, BuiltIn>();
  /** Calls that have begun and not ended, and how to give them up. */
  readonly #waiting = new Map<number, WaitingCall>();
  #ended: Ended[] = [];
  /** (B4) */
  readonly #memory: ByteMemory = createSlab((length) => new Uint8Array(length));

  constructor(host: BuiltInsHost) {
    this.#host = host;
  }

  set(fun: string, builtIn: BuiltIn): void {
    this.#functions.set(fun, builtIn);
  }

  delete(fun: string): void {
    this.#functions.delete(fun);
  }

  /** Begins the call, where its function is one of these; answers whether it is. */
  begin(invocation: Invocation): boolean {
    const builtIn = this.#functions.get(invocation.fun);
    if (builtIn === undefined) return false;
    const { id } = invocation;
    const call = { hasEnded: false };
    const end = (result: unknown): void => {
      if (call.hasEnded) return; // given up
      call.hasEnded = true;
      this.#waiting.delete(id);
      this.#ended.push({ id, result: this.#encoded(invocation, result), timings: this.#timingsOf(invocation) }); // (B1)
    };
    try {
      const begun = builtIn(invocation, this.#argumentsOf(invocation), end);
      if (call.hasEnded) return true;
      const giveUp = (): void => {
        if (typeof begun === "function") begun();
        else begun?.giveUp();
        end(new MpregError("cancelled", `Nobody waits any more for what "${invocation.fun}" was to answer`));
      };
      const heard = (isHeard: boolean): void => {
        if (typeof begun === "object") begun.heard?.(isHeard);
      };
      this.#waiting.set(id, { giveUp, heard });
      this.#host.here().suspend(id, this.#host.nowMs()); // (B2)
    } catch (error) {
      if (!isA(error, MpregError)) throw error;
      end(error);
    }
    return true;
  }

  /** Nobody waits for the call any more; answers whether it is one of these. */
  abort(id: number): boolean {
    const call = this.#waiting.get(id);
    call?.giveUp();
    return call !== undefined;
  }

  /** Whoever waits for the call has no connection just now, or has one again. */
  heard(id: number, isHeard: boolean): void {
    this.#waiting.get(id)?.heard?.(isHeard);
  }

  /** Tells what has ended; answers whether anything had. Call it at the end of each input. (B1) */
  settle(nowMs: number): boolean {
    const all = this.#ended;
    if (all.length === 0) return false;
    this.#ended = [];
    for (const { id, result, timings } of all) {
      this.#host.here().resume(id, nowMs);
      this.#host.invoked(id, result, timings, nowMs);
    }
    return true;
  }

  #argumentsOf({ fun, template, bound, refs }: Invocation): readonly unknown[] {
    if (refs !== undefined) throw new MpregError("unsupported", `"${fun}" reads no streams: give it an array`);
    const args = this.#host.codec.decodeTemplate(template, bound, this.#memory); // (B4)
    if (Array.isArray(args)) return args;
    throw new MpregError("malformed", "The arguments of a call must be an array");
  }

  /** What cannot be told was done all the same. */
  #encoded({ fun }: Invocation, result: unknown): Uint8Array | MpregError {
    if (isA(result, MpregError)) return result;
    try {
      return this.#host.codec.encode(result, `the result of "${fun}"`);
    } catch (error) {
      if (!isA(error, MpregError)) throw error;
      return error.withOutcome("applied");
    }
  }

  #timingsOf({ timings, startedMs }: Invocation): Timings {
    return timings ? { queueUs: 0, runUs: Math.round((this.#host.nowMs() - startedMs) * 1_000) } : noTimings;
  }
}
