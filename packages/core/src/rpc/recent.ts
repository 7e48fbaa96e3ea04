/**
 * Recent: what came of requests that have ended, for a while.
 *
 * (R1) Bounded in number, in bytes and in time; the oldest goes first. What is too old is not told, and goes with the next
 *      that ends.
 */
import type { RpcLimits } from "./limits.js";
import type { RequestTrace } from "./types.js";

interface Entry {
  readonly trace: RequestTrace;
  readonly bytes: number;
  readonly endedMs: number;
}

/** About what a step takes besides its texts. */
const stepBytes = 200;

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

  add(trace: RequestTrace, nowMs: number): void {
    const { tracesMax, traceBytesMax, traceMs } = this.#limits;
    const bytes = bytesOf(trace);
    if (bytes > traceBytesMax || tracesMax === 0) return;
    this.#entries.set(trace.requestId, { trace, bytes, endedMs: nowMs });
    this.#bytes += bytes;
    for (const [id, entry] of this.#entries) {
      const isOld = nowMs - entry.endedMs > traceMs;
      if (!isOld && this.#entries.size <= tracesMax && this.#bytes <= traceBytesMax) return;
      this.#entries.delete(id); // (R1)
      this.#bytes -= entry.bytes;
    }
  }

  find(requestId: string, nowMs: number): RequestTrace | undefined {
    const entry = this.#entries.get(requestId);
    return entry === undefined || nowMs - entry.endedMs > this.#limits.traceMs ? undefined : entry.trace; // (R1)
  }
}

/** About what it takes to keep the trace. */
function bytesOf({ steps, error }: RequestTrace): number {
  return steps.reduce((sum, step) => sum + bytesOfStep(step), stepBytes + 2 * (error?.message.length ?? 0));
}

function bytesOfStep({ name, fun, node, inputs = [] }: RequestTrace["steps"][number]): number {
  const characters = inputs.reduce((sum, input) => sum + input.length, name.length + fun.length + node.length);
  return stepBytes + 2 * characters;
}
