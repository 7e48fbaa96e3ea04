/** Nested runs: what running handlers have asked for, so that it can end with them. */
import { MpregError } from "../base/index.js";
import type { Invocation, Run } from "../rpc/index.js";

/** Hears when a handler begins to wait for what it has asked for, and when it has nothing left to wait for. */
export interface NestedRunsHost {
  pending(invocation: number): void;
  ended(invocation: number): void;
}

export class NestedRuns {
  readonly #host: NestedRunsHost;
  /** By the invocation that asked, then by ticket. Empty entries are removed. */
  readonly #runs = new Map<number, Map<number, Run>>();

  constructor(host: NestedRunsHost) {
    this.#host = host;
  }

  /** How many have not ended. */
  get size(): number {
    let size = 0;
    for (const runs of this.#runs.values()) size += runs.size;
    return size;
  }

  add(invocation: number, ticket: number, run: Run): void {
    const runs = this.#runs.get(invocation);
    if (runs !== undefined) {
      runs.set(ticket, run);
      return;
    }
    this.#runs.set(invocation, new Map([[ticket, run]]));
    this.#host.pending(invocation);
  }

  remove(invocation: number, ticket: number): void {
    const runs = this.#runs.get(invocation);
    if (runs?.delete(ticket) !== true || runs.size > 0) return;
    this.#runs.delete(invocation);
    this.#host.ended(invocation);
  }

  /** The handler's own call was aborted: so is what it has asked for. */
  abort(invocation: number): void {
    const runs = this.#runs.get(invocation);
    if (runs === undefined) return;
    const error = new MpregError("cancelled", "The call that asked for this was cancelled");
    for (const run of [...runs.values()]) run.fail(error);
  }
}

/** Of what a handler asks for whose own call has ended. */
export function orphaned({ fun }: Invocation): MpregError {
  return new MpregError("cancelled", `The call of "${fun}" that asks for this has ended itself`);
}
