/** Queues of one node under a clock that tests move, with or without a store. */
import { type Cron, MpregError, type Random } from "../../src/base/index.js";
import { MemoryStore, type Refusal, type Store } from "../../src/journal/index.js";
import {
  type Courier,
  type Operation,
  type OutgoingMessage,
  type QueueAnswers,
  type QueueEnd,
  type QueueOperation,
  type QueueSettings,
  Queues,
  type QueuesLimits,
  type ReceivedMessage,
  defaultQueuesLimits,
  queueTables,
} from "../../src/queues/index.js";
import { Clock } from "../support/clock.js";
import { seeded } from "../support/random.js";
import { utf8 } from "../values/values.js";

/** A disk that outlives its node, and says when it is done. */
export class Disk {
  readonly store: MemoryStore;
  readonly #later: (() => void)[] = [];
  /** Who hears of it now. */
  owner: QueueWorld | undefined;

  constructor(bytesMax: number = Infinity) {
    this.store = new MemoryStore({
      tables: queueTables,
      bytesMax,
      later: (run) => this.#later.push(run),
      events: {
        persisted: (upTo) => this.owner?.persisted(upTo),
        refused: (ticket, why) => this.owner?.refused(ticket, why),
        frozen: () => undefined,
      },
    });
  }

  /** Everything that was handed in ends. */
  flush(): void {
    for (let run = this.#later.shift(); run !== undefined; run = this.#later.shift()) run();
  }
}

const hourMs = 3_600_000;

/** Knows one expression. */
const hourly: Cron = {
  parse: (expression) => {
    if (expression !== "@hourly") throw new MpregError("invalid-argument", `"${expression}" is not "@hourly"`);
    return { next: (afterMs) => (Math.floor(afterMs / hourMs) + 1) * hourMs };
  },
};

export interface Ended<O extends Operation> {
  end: QueueEnd<O> | undefined;
  readonly cancel: () => void;
}

export class QueueWorld {
  readonly clock: Clock;
  readonly queues: Queues;
  readonly disk: Disk | undefined;
  /** How far wall time is from monotonic time. */
  wallOffsetMs: number;
  readonly #random: Random = seeded(1);

  constructor(
    options: {
      readonly disk?: Disk;
      readonly clock?: Clock;
      readonly store?: Store;
      readonly limits?: Partial<QueuesLimits>;
      readonly seed?: number;
      readonly wallOffsetMs?: number;
      readonly courier?: Courier;
    } = {},
  ) {
    this.clock = options.clock ?? new Clock();
    this.disk = options.disk;
    this.wallOffsetMs = options.wallOffsetMs ?? 1_700_000_000_000;
    const random = options.seed === undefined ? this.#random : seeded(options.seed);
    if (this.disk !== undefined) this.disk.owner = this;
    this.queues = new Queues(
      {
        timers: this.clock,
        random,
        utf8,
        sha256: (bytes) =>
          Uint8Array.from({ length: 32 }, (_, at) => bytes.reduce((sum, byte) => (sum * 31 + byte + at) & 0xff, 7)),
        wallMs: () => this.clock.nowMs + this.wallOffsetMs,
        cron: hourly,
        store: options.store ?? this.disk?.store,
        courier: options.courier,
      },
      { ...defaultQueuesLimits, awakeMessagesMax: 0, ...options.limits } /* what may sleep does */,
      this.clock.nowMs,
    );
  }

  persisted(upTo: number): void {
    this.queues.persisted(upTo, this.clock.nowMs);
  }

  refused(ticket: number, why: Refusal): void {
    this.queues.refused(ticket, why, this.clock.nowMs);
  }

  /** Durable where there is a disk, unless it says otherwise. */
  create(name: string, settings: Partial<QueueSettings> = {}): void {
    let error: unknown = new Error(`queue ${name} is not created yet`);
    this.queues.create(
      name,
      { durable: this.disk !== undefined, ...settings },
      (end) => {
        error = end.kind === "failed" ? end.error : undefined;
      },
      this.clock.nowMs,
    );
    this.disk?.flush();
    if (error !== undefined) throw error;
  }

  /** Begins an operation; its end is there when there is one. */
  begin<O extends Operation>(queue: string, operation: Extract<QueueOperation, { op: O }>): Ended<O> {
    const ended: { end: QueueEnd<O> | undefined; cancel: () => void } = { end: undefined, cancel: () => undefined };
    ended.cancel = this.queues.operate(
      queue,
      operation,
      (end) => {
        if (ended.end !== undefined) throw new Error(`${operation.op} has ended twice`);
        ended.end = end as QueueEnd<O>;
      },
      this.clock.nowMs,
    );
    return ended;
  }

  /** Does an operation, and throws what it failed with. */
  do<O extends Operation>(queue: string, operation: Extract<QueueOperation, { op: O }>): QueueAnswers[O] {
    const ended = this.begin<O>(queue, operation);
    this.disk?.flush();
    const { end } = ended;
    if (end === undefined) throw new Error(`${operation.op} has not ended`);
    if (end.kind === "failed") throw end.error;
    return end.value;
  }

  /** Sends one message; answers its id, or throws what it was refused with. */
  send(queue: string, message: Partial<OutgoingMessage> = {}): string {
    const [end] = this.do<"send">(queue, { op: "send", messages: [{ body: Uint8Array.of(1), ...message }] });
    if (end === undefined) throw new Error("a send has no end");
    if (end.kind === "refused") throw end.error;
    return end.id;
  }

  receive(
    queue: string,
    max: number = 1,
    more: { visibilityMs?: number; subscription?: string } = {},
  ): readonly ReceivedMessage[] {
    return this.do<"receive">(queue, { op: "receive", max, waitMs: 0, ...more });
  }

  /** Acknowledges one; throws what it was refused with. */
  ack(queue: string, receipt: string): void {
    const [end] = this.do<"ack">(queue, { op: "ack", receipts: [receipt] });
    if (end?.kind === "refused") throw end.error;
  }

  stats(queue: string): QueueAnswers["stats"] {
    return this.do<"stats">(queue, { op: "stats" });
  }
}
