/**
 * Port asking: nested calls and messages of a handler that runs in a thread, asked of the node in the main thread.
 *
 * (Q1) At most {@link openMax} of each of one call are under way at a time.
 */
import { MpregError, type TraceContext } from "@mpreg/core/base";
import type { QuestionPatience } from "@mpreg/core/handlers";
import type { HandlerMessage, PublishConfirmation } from "@mpreg/core/program";
import type { Ask, Asker, Asking, CallFields, RequestFields, Settled } from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import type { WireLimits } from "@mpreg/core/wire";
import { onAbort } from "@mpreg/core/structures";
import type { FromThread, PublishedResult, ThreadSetup } from "./messages.js";

const openMax = 10_000;

export class PortAsking implements Asking {
  readonly codec: Codec;
  readonly limits: WireLimits;
  readonly nodeName: string;
  readonly #post: (message: FromThread) => void;
  readonly #askers = new Map<number, Asker>();
  readonly #published = new Map<number, (result: PublishedResult) => void>();
  #last = 0;

  constructor(post: (message: FromThread) => void, codec: Codec, { limits, nodeName }: ThreadSetup) {
    this.codec = codec;
    this.limits = limits;
    this.nodeName = nodeName;
    this.#post = post;
  }

  /** The same, for a handler that is part of `trace`. */
  within(trace: TraceContext | undefined): Asking {
    const { codec, limits, nodeName } = this;
    return {
      codec,
      limits,
      nodeName,
      trace,
      call: (fields, asker) => this.call(fields, asker),
      request: (fields, asker) => this.request(fields, asker),
      withdraw: (number) => {
        this.withdraw(number);
      },
    };
  }

  call(fields: CallFields, asker: Asker): number {
    return this.#ask({ kind: "call", fields }, asker);
  }

  request(fields: RequestFields, asker: Asker): number {
    return this.#ask({ kind: "request", fields }, asker);
  }

  withdraw(number: number): void {
    if (this.#askers.delete(number)) this.#post({ kind: "withdraw", number });
  }

  /** The end of what was asked under that number. */
  settled(number: number, settled: Settled): void {
    const asker = this.#askers.get(number);
    if (asker === undefined) return; // withdrawn meanwhile
    this.#askers.delete(number);
    if (settled.kind === "answered") asker.answered(settled.value, undefined, settled.summary);
    else if (settled.kind === "results") asker.results(settled.outputs, settled.reports, settled.summary);
    else asker.failed(settled.error);
  }

  /** Publishes something for the handler. */
  publish(message: HandlerMessage): Promise<PublishConfirmation> {
    return this.#publish(message, undefined) as Promise<PublishConfirmation>;
  }

  /** Publishes a question for it. One that it does not wait for any more because of a signal of its own, the node does until its time is over. */
  ask(message: HandlerMessage, { timeoutMs, signal }: QuestionPatience): Promise<Uint8Array> {
    const answer = this.#publish(message, timeoutMs) as Promise<Uint8Array>;
    return new Promise((resolve, reject) => {
      const gaveUp = (): void => {
        reject(new MpregError("cancelled", "The caller cancelled", { outcome: "unknown", cause: signal.reason }));
      };
      if (signal.aborted) return gaveUp();
      const stopListening = onAbort(signal, gaveUp);
      answer.finally(stopListening).then(resolve, reject);
    });
  }

  #publish(message: HandlerMessage, answerMs: number | undefined): Promise<PublishedResult> {
    if (this.#published.size >= openMax) {
      const text = `A handler in a thread may have ${openMax} messages under way at a time`; // (Q1)
      return Promise.reject(new MpregError("overloaded", text));
    }
    return new Promise((resolve, reject) => {
      const number = ++this.#last;
      this.#published.set(number, (result) => {
        if (result instanceof MpregError) reject(result);
        else resolve(result);
      });
      this.#post({ kind: "publish", number, message, answerMs });
    });
  }

  published(number: number, result: PublishedResult): void {
    const told = this.#published.get(number);
    this.#published.delete(number);
    told?.(result);
  }

  #ask(ask: Ask, asker: Asker): number {
    if (this.#askers.size >= openMax) {
      throw new MpregError("overloaded", `A handler in a thread may have ${openMax} nested calls under way at a time`); // (Q1)
    }
    const number = ++this.#last;
    this.#askers.set(number, asker);
    this.#post({ kind: "ask", number, ask });
    return number;
  }
}
