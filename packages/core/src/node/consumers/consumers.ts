/**
 * Consumers: the functions that work off the queues of this node.
 *
 * Owns which queues have one. What one does is `consumer.ts`.
 *
 * (C1) A queue without a consumer costs nothing here.
 * (C2) What queues and calls tell is taken at the end of the input: neither is called back from within.
 */
import { Timer } from "../../base/index.js";
import { Consumer } from "./consumer.js";
import type { ConsumedQueue, ConsumersHost } from "./types.js";

export class Consumers {
  readonly #host: ConsumersHost;
  /** By queue. (C1) */
  readonly #all = new Map<string, Consumer>();
  /** Those whose queue has none any more, and that work still. */
  readonly #leaving = new Set<Consumer>();
  #later: ((nowMs: number) => void)[] = [];
  /** Something may be told outside of an input: then there is one at once. */
  readonly #soon = new Timer(() => undefined);
  #isStopping = false;

  constructor(host: ConsumersHost) {
    this.#host = host;
  }

  /** Messages that are being worked on. */
  get running(): number {
    let running = 0;
    for (const consumer of this.#all.values()) running += consumer.running;
    for (const consumer of this.#leaving) running += consumer.running;
    return running;
  }

  /** The queue is there, or has other settings now. */
  changed(queue: string, is: ConsumedQueue): void {
    const known = this.#all.get(queue);
    if (is.settings.consumer === undefined) {
      if (known === undefined) return; // (C1)
      this.#all.delete(queue);
      this.#leave(known);
      return;
    }
    if (known !== undefined) return known.configure(is.settings);
    if (this.#isStopping) return;
    const host = { ...this.#host, later: (run: (nowMs: number) => void) => this.#push(run) };
    this.#all.set(queue, new Consumer(host, queue, is));
  }

  /** The queue is gone. */
  removed(queue: string): void {
    const consumer = this.#all.get(queue);
    this.#all.delete(queue);
    if (consumer === undefined) return;
    this.#push(() => {
      consumer.close();
    });
  }

  /** Some node offers the function now. */
  offered(fun: string): void {
    for (const consumer of this.#all.values()) consumer.offered(fun);
  }

  /** Does what was told; answers whether anything was. Call it at the end of each input. (C2) */
  settle(nowMs: number): boolean {
    const all = this.#later;
    if (all.length === 0) return false;
    this.#later = [];
    this.#host.unschedule(this.#soon);
    for (const run of all) run(nowMs);
    for (const consumer of this.#leaving) if (consumer.running === 0) this.#leaving.delete(consumer);
    return true;
  }

  /** Nothing more is begun; what runs goes on. */
  drain(): void {
    this.#isStopping = true;
    for (const consumer of this.#all.values()) consumer.stop();
  }

  close(): void {
    this.#isStopping = true;
    for (const consumer of [...this.#all.values(), ...this.#leaving]) consumer.close();
    this.#all.clear();
    this.#leaving.clear();
    this.#later = [];
    this.#host.unschedule(this.#soon);
  }

  #leave(consumer: Consumer): void {
    consumer.stop();
    if (consumer.running > 0) this.#leaving.add(consumer);
  }

  #push(run: (nowMs: number) => void): void {
    this.#later.push(run);
    if (this.#later.length === 1) this.#host.schedule(this.#soon, -Infinity);
  }
}
