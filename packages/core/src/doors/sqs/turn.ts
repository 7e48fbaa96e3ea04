/**
 * Turn: one action on its way: what it asks the backend, one question after the other, until it is done, failed or cancelled.
 *
 * (T1) It ends once, whatever it asks and whatever is thrown in between.
 * (T2) After it was cancelled nothing of it goes on, and its open question is cancelled.
 */
import type { MpregError } from "../../base/index.js";
import type { Operation, QueueAnswers, QueueOperation, QueueSettings } from "../../queues/index.js";
import type { BackendEnd, Cancel, QueueRecord, SqsBackend } from "./backend.js";
import type { Changes } from "./changes.js";
import { SqsError, noSuchQueue, ofCluster } from "./errors.js";
import { type SqsPlace, nameInUrl } from "./names.js";
import type { SqsCall, SqsPlatform } from "./types.js";

/** What all turns of a door share. */
export interface SqsHost {
  readonly backend: SqsBackend;
  readonly platform: SqsPlatform;
  readonly place: SqsPlace;
  /** What is wrong that nobody outside may see; the caller is told `InternalFailure`. */
  readonly failed: (action: string, error: unknown) => void;
}

export class Turn {
  readonly host: SqsHost & { readonly changes: Changes };
  readonly call: Pick<SqsCall, "origin" | "caller" | "wallMs">;
  readonly backend: SqsBackend;
  readonly #ended: (error: unknown) => void;
  #cancel: Cancel | undefined;
  #questions = 0;
  #isOver = false;
  /** The change of a queue that it is, or waits to be. */
  #change: { readonly queue: string; readonly begin: () => void } | undefined;

  /** `failed` hears of what ended it before it was done. */
  constructor(host: Turn["host"], call: Turn["call"] & Pick<SqsCall, "backend">, failed: (error: unknown) => void) {
    this.host = host;
    this.call = call;
    this.backend = call.backend ?? host.backend;
    this.#ended = failed;
  }

  /** Does one step of it; what that throws ends it. (T1) */
  step(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** It is done; false where it has ended before. (T1) */
  over(): boolean {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    if (isFirst && this.#change !== undefined) this.host.changes.leave(this.#change.queue, this.#change.begin);
    return isFirst;
  }

  fail(error: unknown): void {
    if (this.over()) this.#ended(error);
  }

  /** (T2) */
  cancel(): void {
    if (this.over()) this.#cancel?.();
  }

  /** Asks, and goes on with the answer. */
  ask<T>(question: (end: (end: BackendEnd<T>) => void) => Cancel, then: (value: T) => void): void {
    const number = ++this.#questions;
    const cancel = question((end) => {
      this.step(() => {
        if (end.kind === "failed") throw ofCluster(end.error);
        then(end.value);
      });
    });
    if (this.#questions === number) this.#cancel = cancel; // it may have gone on to the next one meanwhile
  }

  operate<O extends Operation>(
    queue: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    then: (value: QueueAnswers[O]) => void,
  ): void {
    this.ask<QueueAnswers[O]>((end) => this.backend.operate<O>(queue, operation, end), then);
  }

  find(name: string, then: (record: QueueRecord | undefined) => void): void {
    this.ask((end) => this.backend.find(name, end), then);
  }

  list(prefix: string, then: (records: readonly QueueRecord[]) => void): void {
    this.ask((end) => this.backend.list(prefix, end), then);
  }

  /** The queue of that URL, which there must be. */
  queue(url: string, then: (record: QueueRecord) => void): void {
    this.find(this.nameIn(url), (record) => {
      if (record === undefined) throw noSuchQueue();
      then(record);
    });
  }

  /** The same for who is about to change its settings: others at this door wait until that is done. */
  change(url: string, then: (record: QueueRecord) => void): void {
    const queue = this.nameIn(url);
    const begin = (): void => {
      this.step(() => {
        this.queue(url, then);
      });
    };
    this.#change = { queue, begin };
    if (this.host.changes.enter(queue, begin)) begin();
  }

  /** Throws where whoever asks may not see the queue. */
  checkSeen(name: string): void {
    const error = this.backend.unseen?.(name);
    if (error !== undefined) throw ofCluster(error);
  }

  nameIn(url: string): string {
    return nameInUrl(url, this.host.place);
  }

  /** Changes settings of a queue. */
  update(name: string, settings: Partial<QueueSettings>, then: () => void): void {
    this.operate<"update">(name, { op: "update", settings }, then);
  }
}

/** What a turn failed of, in the terms of SQS. */
export function asSqsError(error: unknown, isOfCluster: (error: unknown) => error is MpregError): SqsError | undefined {
  if (error instanceof SqsError) return error;
  return isOfCluster(error) ? ofCluster(error) : undefined;
}
