/**
 * Signal: the part of the platform's `AbortSignal` that handlers use, in the language alone.
 *
 * (A1) A listener hears of the abort once, also when it comes after it was asked for with `once`.
 */
import type { CancelSignal } from "@mpreg/core/rpc";

/** Says whether somebody still waits for a handler's result. */
export interface HandlerSignal extends CancelSignal {
  /** Throws the reason if nobody waits any more. */
  throwIfAborted(): void;
}

export class SimulatedSignal implements HandlerSignal {
  #listeners = new Set<() => void>();
  #aborted: { readonly reason: unknown } | undefined;

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get reason(): unknown {
    return this.#aborted?.reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.#aborted === undefined) this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  throwIfAborted(): void {
    if (this.#aborted !== undefined) throw this.#aborted.reason;
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener(); // (A1)
  }
}
