/**
 * Batch: calls of one function that arrive together, folded into one invocation of its handler.
 *
 * A batch begins with its first call, and closes at the end of the turn of the event loop in which that came, or
 * `waitMs` after it, or when it is full. What a handler answers is as in DataLoader: an `Error` in the place of a result
 * is that call's failure.
 *
 * (B1) The handler is given each call once, in the order in which they came, and never more than `itemsMax`.
 * (B2) Each call gets what stands in its place of the answer; an answer that has not one place for each call answers none.
 * (B3) A call that nobody waits for any more leaves the open batch at once; the last one to leave ends the waiting.
 * (B4) The handler runs for as long as somebody waits for one of its calls: one that is cancelled ends no other.
 * (B5) What waits for the end of a batch holds its first call, with the arguments, and does not outlive it.
 * (B6) The handler runs in one span, which ends when it has answered: well, where what it has answered is a result for each.
 */
import { MpregError, checkOptions, isA, kindOf, optionNames } from "../base/index.js";
import { durationMsMax } from "../rpc/index.js";
import { CallContext } from "./call-context.js";
import { HandlerThrew } from "./handler-threw.js";
import type { BatchOptions, BatchedCall } from "./types.js";

/** What a batch runs: a {@link BatchHandler} of any types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as for handlers of one call
type AnyBatchHandler = (calls: any, about: readonly BatchedCall[]) => unknown;

interface Item {
  readonly args: readonly unknown[];
  readonly context: CallContext;
  /** Its own call does not wait for others any more. */
  readonly release: () => void;
  /** It does not leave any more when nobody waits for it. */
  readonly stay: () => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface BatchTerms {
  readonly itemsMax: number;
  readonly waitMs: number;
}

const itemsMaxDefault = 100;
const names = optionNames<BatchOptions>({ itemsMax: true, waitMs: true });

/** The option `batch` of `what`, with its defaults. Throws `invalid-argument`. */
export function checkBatch(batch: unknown, what: string): BatchTerms | undefined {
  if (batch === undefined || batch === false) return undefined;
  const given = batch === true ? {} : batch;
  checkOptions(given, names, `${what}: batch`);
  const { itemsMax = itemsMaxDefault, waitMs = 0 } = given as BatchOptions;
  if (!(Number.isSafeInteger(itemsMax) && itemsMax > 0)) {
    throw invalid(`${what}: batch.itemsMax must be a whole number above 0, got ${String(itemsMax)}`);
  }
  if (!(typeof waitMs === "number" && waitMs >= 0 && waitMs <= durationMsMax)) {
    throw invalid(`${what}: batch.waitMs must be a number from 0 to ${durationMsMax}, got ${String(waitMs)}`);
  }
  return { itemsMax, waitMs };
}

export class Batch {
  readonly #fun: string;
  readonly #handler: AnyBatchHandler;
  readonly #terms: BatchTerms;
  readonly #items = new Set<Item>();
  #stopWaiting: (() => void) | undefined;

  constructor(fun: string, handler: AnyBatchHandler, terms: BatchTerms) {
    this.#fun = fun;
    this.#handler = handler;
    this.#terms = terms;
  }

  /** Adds a call to the batch that is open, or opens one; answers its result. */
  add(args: readonly unknown[], context: CallContext): Promise<unknown> {
    const { abortReason } = context;
    if (abortReason !== undefined) return Promise.reject(abortReason); // (B3)
    return new Promise((resolve, reject) => {
      const { itemsMax, waitMs } = this.#terms;
      const leave = (reason: MpregError): void => {
        this.#leave(item, reason);
      };
      const item = { args, context, release: context.hold(), stay: context.onAbort(leave), resolve, reject };
      this.#items.add(item);
      context.beginsLater();
      if (this.#items.size >= itemsMax) return this.#close(); // (B1)
      if (this.#items.size > 1) return;
      this.#stopWaiting = context.after(waitMs, () => {
        this.#close();
      });
    });
  }

  /** (B3) */
  #leave(item: Item, reason: MpregError): void {
    this.#items.delete(item);
    if (this.#items.size === 0) this.#endWaiting();
    end(item, () => item.reject(reason));
  }

  #endWaiting(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined; // (B5)
  }

  #close(): void {
    this.#endWaiting();
    const items = [...this.#items];
    this.#items.clear();
    for (const { context, stay } of items) {
      stay();
      context.begins();
    }
    this.#run(items);
  }

  #run(items: readonly Item[]): void {
    const contexts = items.map(({ context }) => context);
    const calls = items.map(({ args }) => args);
    const span = contexts[0]?.startBatch(contexts); // (B6)
    const shared = CallContext.shared(contexts, span); // (B4)
    items[0]?.release(); // the handler waits as this one
    const fail = (reason: unknown): void => {
      span?.end(new MpregError("handler-error", `"${this.#fun}" threw`, { cause: reason })); // (B6)
      for (const item of items) end(item, () => item.reject(new HandlerThrew(reason)));
    };
    const answer = (results: unknown): void => {
      const refusal = this.#refusal(items.length, results);
      span?.end(refusal); // (B6)
      this.#answer(items, results, refusal);
    };
    try {
      const results = shared.run(() => this.#handler(calls, contexts));
      if (Array.isArray(results)) answer(results);
      else Promise.resolve(results).then(answer, fail);
    } catch (reason) {
      fail(reason);
    }
  }

  /** (B2) */
  #answer(items: readonly Item[], results: unknown, refusal: MpregError | undefined): void {
    for (const [index, item] of items.entries()) {
      const result: unknown = refusal ?? (results as readonly unknown[])[index];
      if (refusal !== undefined) end(item, () => item.reject(refusal));
      else if (isA(result, Error)) end(item, () => item.reject(new HandlerThrew(result)));
      else end(item, () => item.resolve(result));
    }
  }

  #refusal(count: number, results: unknown): MpregError | undefined {
    if (Array.isArray(results) && results.length === count) return undefined;
    const got = Array.isArray(results) ? `an array of ${results.length}` : kindOf(results);
    const message = `"${this.#fun}" answered a batch of ${count} with ${got}; it must be an array with one result for each call, in order`;
    return new MpregError("handler-error", message, { outcome: "applied" });
  }
}

function end(item: Item, settle: () => void): void {
  item.release();
  settle();
}

function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
