/** Leased: a message that a processor has, begun or not. */
import type { AbortSource, HandlerSignal } from "../abort-source.js";
import type { ClockTimer } from "../clock.js";
import type { ProcessContext, QueueMessage } from "./api.js";
import type { QueueHost } from "./asking.js";

/** Its signal is made when somebody looks at it. */
export class Leased<T, A> implements ProcessContext {
  readonly message: QueueMessage<T, A>;
  timer: ClockTimer | undefined = undefined;
  /** It was given back while its handler runs: what that ends with changes nothing. */
  isGivenBack = false;
  /** Why it is not to be worked on any more. */
  #aborted: { readonly reason: unknown } | undefined;
  #source: AbortSource | undefined;
  readonly #host: QueueHost;

  constructor(message: QueueMessage<T, A>, host: QueueHost) {
    this.message = message;
    this.#host = host;
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
