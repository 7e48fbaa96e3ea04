/**
 * Abort listeners: many who wait for one signal, as one listener on it.
 *
 * A program gives thousands of calls one signal; Node warns of a leak beyond ten listeners, and takes them off in linear
 * time.
 *
 * (A1) A signal has one listener of ours however many wait, and none when nobody waits.
 * (A2) Each is told once, in the order in which they came, unless it has left before.
 */

/** The part of `AbortSignal` that is used. */
export interface AbortSource {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

class AbortListeners {
  readonly #signal: AbortSource;
  readonly #waiting = new Set<{ readonly aborted: () => void }>();
  readonly #onAbort = (): void => {
    listening.delete(this.#signal);
    for (const each of this.#waiting) each.aborted(); // (A2): who leaves meanwhile is not visited any more
  };

  constructor(signal: AbortSource) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  add(aborted: () => void): () => void {
    const each = { aborted }; // so that one function can wait twice
    this.#waiting.add(each);
    return () => {
      if (!this.#waiting.delete(each) || this.#waiting.size > 0) return;
      listening.delete(this.#signal);
      this.#signal.removeEventListener("abort", this.#onAbort); // (A1)
    };
  }
}

const listening = new WeakMap<AbortSource, AbortListeners>();

/** Calls `aborted` when `signal`, which has not aborted yet, does; answers how to leave before. */
export function onAbort(signal: AbortSource, aborted: () => void): () => void {
  let listeners = listening.get(signal);
  if (listeners === undefined) {
    listeners = new AbortListeners(signal);
    listening.set(signal, listeners); // (A1)
  }
  return listeners.add(aborted);
}
