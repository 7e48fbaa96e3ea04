/**
 * Item source: the items that a handler makes, asked for one by one.
 *
 * A handler that returns something that can be iterated with `for await` (an async generator, a stream of the platform)
 * makes a stream. Who asks for its items, and when, is the node's business.
 *
 * (I1) It is asked for the next item only after the last one has come: a handler never makes two at a time.
 * (I2) It ends once: when the handler has no more items, when it throws, when an item cannot be sent, or when nobody wants
 *      more. What the handler does at its end (`finally`) is done in all cases, and waited for.
 * (I3) The handler's code runs with the context of its call and in its span, whoever asks.
 */
import { explainReference } from "../rpc/index.js";
import type { CallContext } from "./call-context.js";
import { HandlerThrew } from "./handler-threw.js";

export interface ItemSourceHost {
  /** The item as it is sent, or a promise of it. Throws when it cannot be. */
  encode(item: unknown, index: number): Uint8Array | PromiseLike<Uint8Array>;
  made(item: Uint8Array): void;
  /** It has ended, with what was thrown or well. */
  ended(thrown: { readonly reason: unknown } | undefined): void;
}

export class ItemSource {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #context: CallContext;
  readonly #host: ItemSourceHost;
  /** It waits to be asked. */
  #release: (() => void) | undefined;
  readonly #stayed: () => void;
  #count = 0;
  #isAsked = false;
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>, context: CallContext, host: ItemSourceHost) {
    this.#iterator = iterator;
    this.#context = context;
    this.#host = host;
    this.#release = context.hold();
    this.#stayed = context.onAbort((reason) => {
      this.stop(reason); // (I2)
    });
  }

  /** Asks for an item. */
  pull(): void {
    if (this.#isOver || this.#isAsked) return; // (I1)
    this.#isAsked = true;
    this.#goOn();
    this.#settle(
      () => this.#iterator.next(),
      (step) => {
        this.#took(step);
      },
    );
  }

  #took(step: IteratorResult<unknown>): void {
    if (this.#isOver) return;
    if (step.done === true) return this.#end(undefined);
    let item: Uint8Array | PromiseLike<Uint8Array>;
    try {
      item = this.#host.encode(step.value, this.#count);
    } catch (reason) {
      return this.stop(reason);
    }
    this.#count += 1;
    if (item instanceof Uint8Array) return this.#made(item);
    Promise.resolve(item).then(
      (late) => {
        this.#made(late);
      },
      (reason: unknown) => {
        this.stop(reason);
      },
    );
  }

  #made(item: Uint8Array): void {
    if (this.#isOver) return;
    this.#isAsked = false;
    this.#release = this.#context.hold();
    this.#host.made(item);
  }

  /** Lets the handler clean up, and ends with `reason`. (I2) */
  stop(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#goOn();
    const end = (): void => {
      this.#finish({ reason });
    };
    const iterator = this.#iterator;
    if (iterator.return === undefined) return end();
    this.#settle<unknown>(() => iterator.return?.() ?? Promise.resolve(), end, end);
  }

  /** Runs code of the handler. (I3) */
  #settle<T>(
    run: () => PromiseLike<T>,
    done: (value: T) => void,
    failed: (reason: unknown) => void = (reason) => {
      this.#end({ reason: new HandlerThrew(reason) });
    },
  ): void {
    let running;
    try {
      running = this.#context.run(run);
    } catch (reason) {
      return failed(reason);
    }
    Promise.resolve(running).then(done, failed);
  }

  #end(thrown: { readonly reason: unknown } | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#finish(thrown);
  }

  #finish(thrown: { readonly reason: unknown } | undefined): void {
    this.#stayed();
    this.#host.ended(thrown);
  }

  /** The handler goes on by itself. */
  #goOn(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/** Whether the result of a handler is a stream of items. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  const hasIterator = typeof value === "object" && value !== null && Symbol.asyncIterator in value;
  return hasIterator && explainReference(value) === undefined; // a reference has everything
}
