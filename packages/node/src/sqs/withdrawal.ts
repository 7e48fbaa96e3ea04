/** Withdrawal: the signal that who has asked has gone. Two or three are made for each request, for which the platform's `AbortController` does too much. */
import type { CancelSignal } from "@mpreg/core/rpc";

export class Withdrawal implements CancelSignal {
  aborted = false;
  readonly reason = "the client has gone";
  #listeners: readonly (() => void)[] = [];

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  /** Each listener hears it once. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
