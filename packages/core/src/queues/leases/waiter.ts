/** Waiter: a receive that waits for a message. */
import type { DueItem, MpregError } from "../../base/index.js";
import type { ChainNode } from "../../structures/index.js";
import type { QueueEnd, ReceivedMessage } from "../types.js";

/** What a receive gets at most. */
export interface Wanted {
  readonly max: number;
  /** Of one FIFO group. */
  readonly groupMax: number;
  readonly visibilityMs: number | undefined;
  /** What it is called, should it be asked again. */
  readonly attempt: string | undefined;
}

export class Waiter implements ChainNode<Waiter>, DueItem, Wanted {
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly max: number;
  readonly groupMax: number;
  readonly visibilityMs: number | undefined;
  readonly attempt: string | undefined;
  readonly #end: (end: QueueEnd<"receive">) => void;
  readonly #leave: (waiter: Waiter) => void;

  constructor(wish: Wanted, end: (end: QueueEnd<"receive">) => void, leave: (waiter: Waiter) => void) {
    this.max = wish.max;
    this.groupMax = wish.groupMax;
    this.visibilityMs = wish.visibilityMs;
    this.attempt = wish.attempt;
    this.#end = end;
    this.#leave = leave;
  }

  onDue(): void {
    this.#leave(this);
    this.#end({ kind: "done", value: [] });
  }

  give(messages: readonly ReceivedMessage[]): void {
    this.#leave(this);
    this.#end({ kind: "done", value: messages });
  }

  fail(error: MpregError): void {
    this.#leave(this);
    this.#end({ kind: "failed", error });
  }
}
