/**
 * Recent: what came of requests that have ended, for a while.
 *
 * (R1) Bounded in number, in bytes and in time; the oldest goes first. What is too old is not told, and goes with the next
 *      that ends.
 */
import type { History } from "./history.js";
import type { RpcLimits } from "../limits.js";
import { type RequestFacts, type ListedRequest, listedEnded } from "./listing.js";
import type { RequestTrace } from "../types.js";

interface Entry {
  readonly trace: RequestTrace;
  readonly facts: RequestFacts;
  readonly history: History;
  readonly bytes: number;
  readonly endedMs: number;
}

/** About what a step takes besides its texts. */
const stepBytes = 200;
const bindingBytes = 50;

export class Recent {
  readonly #limits: Pick<RpcLimits, "tracesMax" | "traceBytesMax" | "traceMs">;
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: Pick<RpcLimits, "tracesMax" | "traceBytesMax" | "traceMs">) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(trace: RequestTrace, facts: RequestFacts, history: History, nowMs: number): void {
    const { tracesMax, traceBytesMax } = this.#limits;
    const bytes = bytesOf(trace) + historyBytes(history);
    if (bytes > traceBytesMax || tracesMax === 0) return;
    this.#entries.set(trace.requestId, { trace, facts, history, bytes, endedMs: nowMs });
    this.#bytes += bytes;
    for (const [id, entry] of this.#entries) {
      if (!this.#isOld(entry, nowMs) && this.#entries.size <= tracesMax && this.#bytes <= traceBytesMax) return;
      this.#entries.delete(id); // (R1)
      this.#bytes -= entry.bytes;
    }
  }

  /** With the time since it was received. */
  find(requestId: string, nowMs: number): (Pick<Entry, "trace" | "history"> & { readonly ageMs: number }) | undefined {
    const entry = this.#entries.get(requestId);
    if (entry === undefined || this.#isOld(entry, nowMs)) return undefined; // (R1)
    const { trace, history, endedMs } = entry;
    return { trace, history, ageMs: trace.totalMs + nowMs - endedMs };
  }

  /** All of them, the latest first. */
  list(nowMs: number): ListedRequest[] {
    const entries = [...this.#entries.values()].reverse().filter((entry) => !this.#isOld(entry, nowMs)); // (R1)
    return entries.map(({ trace, facts, endedMs }) => listedEnded(trace, facts, nowMs - endedMs));
  }

  #isOld({ endedMs }: Entry, nowMs: number): boolean {
    return nowMs - endedMs > this.#limits.traceMs;
  }
}

/** About what it takes to keep the history, of whose texts the trace has most. */
function historyBytes({ plan, told }: History): number {
  return plan.reduce(
    (sum, { bindings }) => sum + stepBytes / 2 + bindings.length * bindingBytes,
    told.length * stepBytes,
  );
}

/** About what it takes to keep the trace. */
function bytesOf({ steps, unfinished = [], error }: RequestTrace): number {
  const ended = steps.reduce((sum, step) => sum + bytesOfStep(step), stepBytes + 2 * (error?.message.length ?? 0));
  return unfinished.reduce((sum, { step, node = "" }) => sum + stepBytes + 2 * (step.length + node.length), ended);
}

function bytesOfStep({ name, fun, node, inputs = [] }: RequestTrace["steps"][number]): number {
  const characters = inputs.reduce((sum, input) => sum + input.length, name.length + fun.length + node.length);
  return stepBytes + 2 * characters;
}
