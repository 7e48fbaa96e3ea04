/**
 * Nested runs: what running handlers have asked for, so that it can end with them; and what is left of it when they have ended.
 *
 * (N1) When the call of a handler is aborted, what it has asked for is; except what is `detached`.
 * (N2) What a handler leaves behind when it ends is kept by whoever it has worked for (`rpc/left.ts`), also what the
 *      handlers of its calls have left.
 */
import { MpregError } from "../base/index.js";
import { type Invocation, type Left, LeftBehind, type Run } from "../rpc/index.js";

/** Hears when a handler begins to wait for what it has asked for, and when it has nothing left to wait for. */
export interface NestedRunsHost {
  pending(invocation: number): void;
  ended(invocation: number): void;
}

/** What a handler asks for. */
export interface NestedRun {
  readonly run: Run;
  /** It goes on whoever is gone. */
  readonly isDetached: boolean;
}

class Nested implements Left {
  /** By ticket. */
  readonly runs = new Map<number, NestedRun>();
  readonly left = new LeftBehind();
  #letGo: () => void = () => undefined;

  keptBy(letGo: () => void): void {
    this.#letGo = letGo;
  }

  abandon(): void {
    this.end(new MpregError("cancelled", "The call that asked for this has ended, and its client is gone"));
  }

  end(error: MpregError): void {
    for (const { run, isDetached } of [...this.runs.values()]) if (!isDetached) run.fail(error); // (N1)
    this.left.abandon();
  }

  /** Lets go of it if nothing is left. */
  look(): boolean {
    const isOver = this.runs.size + this.left.size === 0;
    if (isOver) this.#letGo();
    return isOver;
  }
}

export class NestedRuns {
  readonly #host: NestedRunsHost;
  /** By the invocation that asked. Empty entries are removed. */
  readonly #nested = new Map<number, Nested>();

  constructor(host: NestedRunsHost) {
    this.#host = host;
  }

  /** How many have not ended, and how much of what ended ones have left behind; an entry that should not be there counts, too. */
  get size(): number {
    let size = 0;
    for (const { runs, left } of this.#nested.values()) size += Math.max(1, runs.size + left.size);
    return size;
  }

  add(invocation: number, ticket: number, run: NestedRun): void {
    const { runs } = this.#of(invocation);
    runs.set(ticket, run);
    if (runs.size === 1) this.#host.pending(invocation);
  }

  remove(invocation: number, ticket: number): void {
    const nested = this.#nested.get(invocation);
    if (nested?.runs.delete(ticket) !== true || nested.runs.size > 0) return;
    if (nested.look()) this.#nested.delete(invocation);
    this.#host.ended(invocation);
  }

  /** What handlers that this one has called have left behind. (N2) */
  addLeft(invocation: number, left: Left): void {
    const nested = this.#of(invocation);
    nested.left.add({
      abandon: () => {
        left.abandon();
      },
      keptBy: (letGo) => {
        left.keptBy(() => {
          letGo();
          if (nested.look()) this.#nested.delete(invocation);
        });
      },
    });
  }

  /** The handler has ended: what it leaves behind, if anything. (N2) */
  of(invocation: number): Left | undefined {
    return this.#nested.get(invocation);
  }

  /** The handler's own call was aborted: so is what it has asked for. (N1) */
  abort(invocation: number): void {
    this.#nested.get(invocation)?.end(new MpregError("cancelled", "The call that asked for this was cancelled"));
  }

  #of(invocation: number): Nested {
    const known = this.#nested.get(invocation);
    if (known !== undefined) return known;
    const nested = new Nested();
    this.#nested.set(invocation, nested);
    return nested;
  }
}

/** Of what a handler asks for whose own call has ended. */
export function orphaned({ fun }: Invocation): MpregError {
  return new MpregError("cancelled", `The call of "${fun}" that asks for this has ended itself`);
}
