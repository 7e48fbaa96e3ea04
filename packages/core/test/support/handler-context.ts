/**
 * Handler context: the context of a call that nobody made, on a host whose clock the test turns.
 */
import { CallContext, type ContextHost } from "../../src/handlers/index.js";
import type { Invocation, Progress } from "../../src/rpc/index.js";
import { codec } from "./requests.js";

const nothing = new Uint8Array();

export function invocationOf(fun: string): Invocation {
  return {
    id: 1,
    fun,
    version: undefined,
    template: nothing,
    bound: [],
    startedMs: 0,
    deadlineMs: 1_000,
    depth: 2,
    request: 35,
    coordinator: "0123456789abcdef",
    step: `${fun}#2`,
    caller: { kind: "self" },
    connection: 0,
    timings: true,
    terms: undefined,
  };
}

/** A host on which time passes only when {@link pass} is called. */
export class TurnedClock implements ContextHost {
  readonly nodeName = "here";
  readonly codec = codec;
  readonly reports: { readonly invocation: Invocation; readonly progress: Progress }[] = [];
  nowMs = 0;
  signals = 0;
  readonly timers = new Set<{ readonly dueMs: number; readonly happen: () => void }>();

  now(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_000_000 + this.nowMs;
  }

  createAbort(): AbortController {
    this.signals += 1;
    return new AbortController();
  }

  report(invocation: Invocation, progress: Progress): void {
    this.reports.push({ invocation, progress });
  }

  logOf(): never {
    throw new Error("nothing is logged here");
  }

  publish(): never {
    throw new Error("nothing is published here");
  }

  callerOf(): never {
    throw new Error("nothing is called here");
  }

  after(durationMs: number, happen: () => void): () => void {
    const timer = { dueMs: this.nowMs + durationMs, happen };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  pass(durationMs: number): void {
    this.nowMs += durationMs;
    for (const timer of [...this.timers]) {
      if (timer.dueMs > this.nowMs) continue;
      this.timers.delete(timer);
      timer.happen();
    }
  }
}

export function contextOf(fun: string, host: TurnedClock = new TurnedClock()): CallContext {
  return new CallContext(invocationOf(fun), host);
}
