/**
 * Writes: what is on its way to the store, and what happens when it is there.
 *
 * (W1) Nothing is told before its batch is persisted; without a store, nothing needs to be.
 * (W2) Ends come in the order in which batches were handed in.
 * (W3) Once the store is frozen, what was on its way ends as `unknown`, and everything later is refused.
 */
import { MpregError } from "../../base/index.js";
import type { Batch, Freeze, Refusal, Store, Ticket } from "../../journal/index.js";
import { Fifo } from "../../structures/index.js";

/** What a batch is for. */
export interface WriteEnd {
  done(nowMs: number): void;
  /** Nothing of it was applied, or with outcome `unknown` nobody knows. */
  failed(error: MpregError, nowMs: number): void;
}

interface Waiting {
  readonly ticket: Ticket;
  readonly end: WriteEnd;
}

export class Writes {
  readonly #store: Store | undefined;
  readonly #waiting = new Fifo<Waiting>();
  #frozen: MpregError | undefined;

  constructor(store: Store | undefined) {
    this.#store = store;
  }

  /** Why nothing durable can be done, if so. `not-applied`: of what comes after the failure nothing is handed in. */
  get frozen(): MpregError | undefined {
    return this.#frozen;
  }

  get store(): Store | undefined {
    return this.#store;
  }

  /** Hands in a batch; it ends later. There is a store. */
  write(batch: Batch, end: WriteEnd): void {
    if (this.#store === undefined) throw new MpregError("unsupported", "this node has no store");
    this.#waiting.push({ ticket: this.#store.write(batch), end });
  }

  /** Tells once all has ended that is on its way; never, where the store has frozen by then. */
  after(then: (nowMs: number) => void, nowMs: number): void {
    if (this.#waiting.first === undefined) return then(nowMs);
    const failed = (error: MpregError, at: number): void => {
      if (error.outcome !== "unknown") then(at);
    };
    this.write([], { done: then, failed }); // (W2)
  }

  persisted(upTo: Ticket, nowMs: number): void {
    for (let first = this.#waiting.first; first !== undefined && first.ticket <= upTo; first = this.#waiting.first) {
      this.#waiting.shift(); // (W2)
      first.end.done(nowMs);
    }
  }

  refused(ticket: Ticket, why: Refusal, nowMs: number): void {
    this.persisted(ticket - 1, nowMs);
    const first = this.#waiting.first;
    if (first?.ticket !== ticket) return;
    this.#waiting.shift();
    first.end.failed(refusalOf(why), nowMs);
  }

  /** (W3) */
  freeze(freeze: Freeze, nowMs: number): void {
    this.#frozen = freeze.error.withOutcome("not-applied");
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      first.end.failed(freeze.error.withOutcome("unknown"), nowMs);
    }
  }
}

const refusals: Readonly<Record<Refusal, readonly ["overloaded" | "too-large" | "storage-failed", string]>> = {
  full: [
    "overloaded",
    "the node's disk, or what its store may take of it, is full; free some, or let consumers acknowledge",
  ],
  busy: ["overloaded", "more waits for the node's disk than may; send slower"],
  "too-large": ["too-large", "it is larger than the node's store takes at once"],
  frozen: ["storage-failed", "the node's store has failed; open it anew"],
  closed: ["storage-failed", "the node's store is closed"],
};

function refusalOf(why: Refusal): MpregError {
  const [code, message] = refusals[why];
  return new MpregError(code, `Nothing was stored: ${message}`);
}
