/** Queues on a disk that does one batch after the other, as it is told to. */
import type { Operation, QueueAnswers, QueueOperation, QueueSettings, QueuesLimits } from "../../src/queues/index.js";
import { Clock } from "../support/clock.js";
import { StepDisk } from "./step-disk.js";
import { type Ended, QueueWorld } from "./support.js";

export class Stepping {
  readonly disk: StepDisk = new StepDisk();
  readonly clock: Clock = new Clock();
  world: QueueWorld;
  readonly #limits: (run: number) => Partial<QueuesLimits>;
  #runs = 1;

  /** `limits`: of each run of the node. */
  constructor(limits: (run: number) => Partial<QueuesLimits> = () => ({})) {
    this.#limits = limits;
    this.world = this.#start();
  }

  create(name: string, settings: Partial<QueueSettings> = {}, subscriptions: readonly string[] = []): void {
    this.world.queues.create(
      name,
      { durable: true, ...settings },
      (end) => {
        if (end.kind === "failed") throw end.error;
      },
      this.clock.nowMs,
    );
    this.disk.commitAll();
    for (const subscription of subscriptions) this.do(name, { op: "subscribe", name: subscription });
  }

  begin<O extends Operation>(queue: string, operation: Extract<QueueOperation, { op: O }>): Ended<O> {
    return this.world.begin<O>(queue, operation);
  }

  /** Does it, and all that it leads to. */
  do<O extends Operation>(queue: string, operation: Extract<QueueOperation, { op: O }>): QueueAnswers[O] {
    const { end } = this.done(this.begin<O>(queue, operation));
    if (end?.kind !== "done") throw end?.error ?? new Error(`${operation.op} has not ended`);
    return end.value;
  }

  done<O extends Operation>(ended: Ended<O>): Ended<O> {
    this.disk.commitAll();
    return ended;
  }

  send(queue: string, message: { readonly [key: string]: unknown } = {}): void {
    const [end] = this.do<"send">(queue, { op: "send", messages: [{ body: Uint8Array.of(1), ...message }] });
    if (end?.kind !== "done") throw end?.error ?? new Error("a send has no end");
  }

  /** Receipts of what there is. */
  receive(queue: string, subscription?: string): readonly string[] {
    const of = subscription === undefined ? {} : { subscription };
    const { end } = this.begin<"receive">(queue, { op: "receive", max: 10, waitMs: 0, ...of });
    if (end?.kind !== "done") throw new Error("a receive has not ended");
    return end.value.map(({ receipt }) => receipt);
  }

  /** Everybody of these receives and releases once. */
  refuse(queue: string, subscriptions: readonly string[]): void {
    for (const name of subscriptions) this.do(queue, { op: "release", receipts: this.receive(queue, name) });
  }

  stats(queue: string): QueueAnswers["stats"] {
    return this.do<"stats">(queue, { op: "stats" });
  }

  /** The same, and nothing comes to the disk meanwhile. */
  look(queue: string): QueueAnswers["stats"] {
    const { end } = this.begin<"stats">(queue, { op: "stats" });
    if (end?.kind !== "done") throw end?.error ?? new Error("stats have not ended");
    return end.value;
  }

  /** Lets time pass, with what it makes come to the disk. */
  pass(ms: number): void {
    const endMs = this.clock.nowMs + ms;
    while (this.clock.nowMs < endMs) {
      this.disk.commitAll();
      this.clock.advance(Math.max(0, Math.min(endMs, this.clock.nextDueMs) - this.clock.nowMs));
    }
    this.disk.commitAll();
  }

  /** The node begins anew with the first `kept` batches of those on their way. */
  crash(kept: number): void {
    this.disk.crash(kept);
    this.world.queues.close();
    this.world = this.#start();
  }

  #start(): QueueWorld {
    const seed = this.#runs++;
    const world = new QueueWorld({ store: this.disk, clock: this.clock, seed, limits: this.#limits(seed) });
    this.disk.owner = world;
    return world;
  }
}
