/** Leased: a message that a processor has, begun or not, and what becomes of it. */
import type { Deadline } from "../../base/index.js";
import type { AbortSource, HandlerSignal } from "../abort-source.js";
import type { ProcessContext, QueueMessage, SettledOrRefused } from "./api.js";
import type { QueueHost } from "./asking.js";
import type { SettleEnds } from "./settle-line.js";

/** Who has leased it. */
export interface Holder<T, A> {
  /** It is acknowledged. */
  done(leased: Leased<T, A>): void;
  /** Its handler has thrown, or it could not be acknowledged. */
  threw(leased: Leased<T, A>, error: unknown): void;
}

/** Its signal is made when somebody looks at it. As a deadline it is due when its lease is to be extended. */
export class Leased<T, A> implements ProcessContext, SettleEnds, Deadline {
  readonly message: QueueMessage<T, A>;
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  /** How long a lease of it lasts. */
  readonly visibleForMs: number;
  /** Its lease goes on as long as it is here (`lease-keeper.ts`). */
  isKept = false;
  /** Until when it lasts, as far as is known here. */
  keptUntilMs = 0;
  /** It was given back while its handler runs: what that ends with changes nothing. */
  isGivenBack = false;
  /** Why it is not to be worked on any more. */
  #aborted: { readonly reason: unknown } | undefined;
  #source: AbortSource | undefined;
  readonly #host: QueueHost;
  readonly #holder: Holder<T, A>;

  constructor(message: QueueMessage<T, A>, visibleForMs: number, host: QueueHost, holder: Holder<T, A>) {
    this.message = message;
    this.visibleForMs = visibleForMs;
    this.#host = host;
    this.#holder = holder;
  }

  told(end: SettledOrRefused): void {
    if (end === undefined) this.#holder.done(this);
    else this.#holder.threw(this, end);
  }

  failed(error: unknown): void {
    this.#holder.threw(this, error);
  }

  get isAborted(): boolean {
    return this.#aborted !== undefined;
  }

  get signal(): HandlerSignal {
    if (this.#source === undefined) {
      this.#source = this.#host.createAbort();
      if (this.#aborted !== undefined) this.#source.abort(this.#aborted.reason);
    }
    return this.#source.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#source?.abort(reason);
  }
}
