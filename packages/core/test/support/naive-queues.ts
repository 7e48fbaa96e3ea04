/**
 * Naive queues: what the operations on queues mean, in arrays and scans, for tests of doors and as a model.
 *
 * In memory, one lane, no capacity but `messageBytesMax`. Time is what the test says it is: whoever waits is served, and
 * what is due happens, in `tick`.
 */
import { MpregError } from "@mpreg/core/base";
import type { BackendEnd, Cancel, QueueRecord, SqsBackend } from "@mpreg/core/doors";
import {
  type DeadLetter,
  type Operation,
  type OutgoingMessage,
  type QueueAnswers,
  type QueueEnd,
  type QueueOperation,
  type QueueSettings,
  type QueueStats,
  type ReceivedMessage,
  type Redrive,
  type SendEnd,
  type SettleEnd,
  checkSettings,
} from "@mpreg/core/queues";

interface Entry {
  readonly id: string;
  readonly sequence: bigint;
  readonly message: OutgoingMessage;
  readonly sentMs: number;
  availableMs: number;
  lease: number;
  isLeased: boolean;
  receives: number;
  firstReceivedMs: number;
  readonly deadLetter: DeadLetter | undefined;
}

interface Known {
  readonly key: string;
  readonly untilMs: number;
  readonly end: Extract<SendEnd, { kind: "done" }>;
}

interface Queue {
  readonly name: string;
  settings: QueueSettings;
  readonly createdMs: number;
  entries: Entry[];
  known: Known[];
  attempts: { readonly attempt: string; readonly untilMs: number; readonly messages: readonly ReceivedMessage[] }[];
  redrives: Redrive[];
}

type Receive = Extract<QueueOperation, { op: "receive" }>;

interface Waiter {
  readonly queue: string;
  readonly operation: Receive;
  readonly untilMs: number;
  readonly end: (end: QueueEnd<"receive">) => void;
}

export class NaiveQueues implements SqsBackend {
  readonly #queues = new Map<string, Queue>();
  #waiters: Waiter[] = [];
  #sequence = 0n;
  #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  /** Receives that wait. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /** How many messages are leased in the queue. */
  leased(name: string): number {
    return this.#queues.get(name)?.entries.filter(({ isLeased }) => isLeased).length ?? 0;
  }

  create(
    name: string,
    settings: Partial<QueueSettings>,
    end: (end: BackendEnd<{ readonly record: QueueRecord; readonly isNew: boolean }>) => void,
  ): Cancel {
    const isNew = !this.#queues.has(name);
    return this.#answer(end, () => {
      const checked = checkSettings(name, { ...settings, durable: false });
      const empty = { entries: [], known: [], attempts: [], redrives: [] };
      if (isNew) this.#queues.set(name, { name, settings: checked, createdMs: this.#nowMs, ...empty });
      return { record: this.#queue(name), isNew };
    });
  }

  find(name: string, end: (end: BackendEnd<QueueRecord | undefined>) => void): Cancel {
    return this.#answer(end, () => this.#queues.get(name));
  }

  list(prefix: string, end: (end: BackendEnd<readonly QueueRecord[]>) => void): Cancel {
    return this.#answer(end, () => [...this.#queues.values()].filter(({ name }) => name.startsWith(prefix)));
  }

  operate<O extends Operation>(
    name: string,
    operation: Extract<QueueOperation, { readonly op: O }>,
    end: (end: QueueEnd<O>) => void,
  ): Cancel {
    const asked: QueueOperation = operation;
    if (asked.op === "receive" && asked.waitMs > 0 && this.#queues.has(name)) {
      const untilMs = this.#nowMs + asked.waitMs;
      const waiter: Waiter = { queue: name, operation: asked, untilMs, end: end as Waiter["end"] };
      this.#waiters.push(waiter);
      this.tick(this.#nowMs);
      return () => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
      };
    }
    const cancel = this.#answer(end, () => this.#done(this.#queue(name), asked) as QueueAnswers[O]);
    this.tick(this.#nowMs);
    return cancel;
  }

  /** It is `nowMs`, wall time. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const queue of this.#queues.values()) {
      queue.known = queue.known.filter(({ untilMs }) => untilMs > nowMs);
      queue.attempts = queue.attempts.filter(({ untilMs }) => untilMs > nowMs);
      queue.entries = queue.entries.filter(({ sentMs }) => sentMs + queue.settings.ttlMs > nowMs);
      for (const entry of queue.entries) if (entry.availableMs <= nowMs) entry.isLeased = false;
      this.#bury(queue);
      this.#move(queue);
    }
    for (const waiter of [...this.#waiters]) {
      const queue = this.#queues.get(waiter.queue);
      const messages = queue === undefined ? [] : this.#receive(queue, waiter.operation);
      if (queue !== undefined && messages.length === 0 && waiter.untilMs > nowMs) continue;
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
      waiter.end({ kind: "done", value: messages });
    }
  }

  #answer<T>(end: (end: BackendEnd<T>) => void, work: () => T): Cancel {
    let answer: BackendEnd<T>;
    try {
      answer = { kind: "done", value: work() };
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      answer = { kind: "failed", error };
    }
    end(answer);
    return () => undefined;
  }

  #queue(name: string): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new MpregError("unknown-queue", `There is no queue "${name}"`);
    return queue;
  }

  #done(queue: Queue, operation: QueueOperation): QueueAnswers[Operation] {
    switch (operation.op) {
      case "send":
        return operation.messages.map((message) => this.#send(queue, message));
      case "receive":
        return this.#receive(queue, operation);
      case "ack":
        return operation.receipts.map((receipt) => {
          const remove = (entry: Entry): void => {
            queue.entries = queue.entries.filter((each) => each !== entry);
          };
          return this.#settle(queue, receipt, remove, operation.late === true && queue.settings.order !== "fifo");
        });
      case "release":
        return operation.receipts.map((receipt) =>
          this.#settle(queue, receipt, (entry) => {
            entry.availableMs = this.#nowMs + (operation.delayMs ?? 0);
            entry.isLeased = false;
          }),
        );
      case "extend":
        return operation.receipts.map((receipt) =>
          this.#settle(queue, receipt, (entry) => {
            entry.availableMs = this.#nowMs + operation.visibilityMs;
          }),
        );
      case "purge":
        return queue.entries.splice(0).length;
      case "delete":
        this.#queues.delete(queue.name);
        return queue.entries.length;
      case "stats":
        return this.#stats(queue);
      case "settings":
        return queue.settings;
      case "update":
        queue.settings = checkSettings(queue.name, operation.settings, queue.settings);
        return queue.settings;
      case "redrive":
        return this.#redrive(queue, operation);
      case "redrives":
        return queue.redrives;
      case "cancel-redrive":
        queue.redrives = queue.redrives.map((each) =>
          each.id === operation.id && each.state === "running" ? { ...each, state: "cancelled" } : each,
        );
        return queue.redrives.find(({ id }) => id === operation.id) as Redrive;
      default:
        throw new MpregError("unsupported", `The naive queue has no "${operation.op}"`);
    }
  }

  #send(queue: Queue, message: OutgoingMessage): SendEnd {
    const { settings } = queue;
    const bytes = message.body.length;
    if (bytes > settings.messageBytesMax)
      return { kind: "refused", error: new MpregError("too-large", `The message has ${bytes} bytes`) };
    const key = JSON.stringify([settings.dedup?.scope === "group" ? message.group : "", message.dedup]);
    const known = message.dedup === undefined ? undefined : queue.known.find((each) => each.key === key);
    if (known !== undefined) return { ...known.end, duplicate: true };
    const sequence = ++this.#sequence;
    const id = message.id ?? `00000000-0000-4000-8000-${sequence.toString(16).padStart(12, "0")}`;
    this.#put(queue, message, id, sequence, message.delayMs ?? settings.delayMs);
    const end = { kind: "done", id, sequence, duplicate: false } as const;
    if (message.dedup !== undefined && settings.dedup !== undefined)
      queue.known.push({ key, untilMs: this.#nowMs + settings.dedup.windowMs, end });
    return end;
  }

  #put(
    { entries }: Queue,
    message: OutgoingMessage,
    id: string,
    sequence: bigint,
    delayMs: number,
    deadLetter?: DeadLetter,
  ): void {
    const availableMs = this.#nowMs + delayMs;
    const fresh = { lease: 0, isLeased: false, receives: 0, firstReceivedMs: 0 };
    entries.push({ id, sequence, message, sentMs: this.#nowMs, availableMs, deadLetter, ...fresh });
  }

  #receive(queue: Queue, { max, visibilityMs, attempt }: Receive): ReceivedMessage[] {
    const before = queue.attempts.find((each) => each.attempt === attempt);
    if (before !== undefined) return [...before.messages];
    const { settings } = queue;
    const locked = new Set<string | undefined>();
    const messages: ReceivedMessage[] = [];
    for (const entry of queue.entries) {
      const { group } = entry.message;
      const isHeld = entry.availableMs > this.#nowMs;
      if (settings.order === "fifo" && (entry.isLeased || isHeld) && !locked.has(group)) locked.add(group);
      if (isHeld || messages.length === max || (settings.order === "fifo" && locked.has(group))) continue;
      const visibleForMs = visibilityMs ?? settings.visibilityMs;
      entry.availableMs = this.#nowMs + visibleForMs;
      entry.isLeased = visibleForMs > 0;
      entry.lease += 1;
      entry.receives += 1;
      entry.firstReceivedMs ||= this.#nowMs;
      const { id, sequence, receives, sentMs, firstReceivedMs, deadLetter } = entry;
      const receipt = `1.${queue.name}.${sequence}.0.${entry.lease}`;
      const dead = deadLetter === undefined ? {} : { deadLetter };
      messages.push({
        ...entry.message,
        id,
        receipt,
        sequence,
        receives,
        sentMs,
        firstReceivedMs,
        visibleForMs,
        ...dead,
      });
    }
    if (attempt !== undefined && messages.length > 0)
      queue.attempts.push({ attempt, untilMs: this.#nowMs + 5 * 60_000, messages });
    return messages;
  }

  #settle(queue: Queue, receipt: string, work: (entry: Entry) => void, mayBeLate: boolean = false): SettleEnd {
    const [, name, sequence, , lease] = /^(1)\.([\w.-]+)\.(\d+)\.(0)\.(\d+)$/.exec(receipt)?.slice(1) ?? [];
    if (name !== queue.name) {
      return {
        kind: "refused",
        error: new MpregError("invalid-argument", `"${receipt}" is no receipt of ${queue.name}`),
      };
    }
    const entry = queue.entries.find((each) => String(each.sequence) === sequence);
    if (entry === undefined || String(entry.lease) !== lease || !(entry.isLeased || mayBeLate))
      return { kind: "refused", error: new MpregError("stale-receipt", `The lease of "${receipt}" is over`) };
    work(entry);
    return { kind: "done" };
  }

  #bury(queue: Queue): void {
    const { maxReceives, deadLetter } = queue.settings;
    const target = deadLetter === undefined ? undefined : this.#queues.get(deadLetter);
    if (maxReceives === undefined || target === undefined) return;
    for (const entry of queue.entries.filter((each) => !each.isLeased && each.receives >= maxReceives)) {
      queue.entries = queue.entries.filter((each) => each !== entry);
      const times = { sentMs: entry.sentMs, diedMs: this.#nowMs };
      const origin = { queue: queue.name, reason: "max-receives", error: undefined, subscription: undefined } as const;
      this.#put(target, entry.message, entry.id, ++this.#sequence, 0, {
        ...origin,
        attempts: entry.receives,
        ...times,
      });
    }
  }

  #redrive(queue: Queue, { to, perSecond }: Extract<QueueOperation, { op: "redrive" }>): Redrive {
    const counts = { messages: queue.entries.length, moved: 0, refused: 0, waiting: 0, startedMs: this.#nowMs };
    const told = { waitingFor: [], lastRefusal: undefined };
    const id = `redrive-${queue.redrives.length}`;
    const redrive: Redrive = { id, to, perSecond, state: "running", ...counts, ...told };
    queue.redrives.push(redrive);
    return redrive;
  }

  #move(queue: Queue): void {
    const redrive = queue.redrives.find(({ state }) => state === "running");
    if (redrive === undefined || redrive.startedMs === this.#nowMs) return;
    const { perSecond, startedMs } = redrive;
    const due = perSecond === undefined ? Infinity : Math.floor(((this.#nowMs - startedMs) / 1_000) * perSecond);
    let { moved, refused } = redrive;
    const movable = queue.entries.filter((entry) => !entry.isLeased && entry.deadLetter !== undefined);
    for (const entry of movable.slice(0, Math.max(0, due - moved))) {
      const target = this.#queues.get(redrive.to ?? entry.deadLetter?.queue ?? "");
      if (target === undefined) {
        refused += 1;
        continue;
      }
      queue.entries = queue.entries.filter((each) => each !== entry);
      this.#put(target, entry.message, entry.id, ++this.#sequence, 0);
      moved += 1;
    }
    const isDone = due === Infinity || movable.length === 0;
    const after: Redrive = { ...redrive, moved, refused, state: isDone ? "done" : "running" };
    queue.redrives = queue.redrives.map((each) => (each === redrive ? after : each));
  }

  #stats({ entries, createdMs }: Queue): QueueStats {
    const leased = entries.filter(({ isLeased }) => isLeased).length;
    const delayed = entries.filter(({ isLeased, availableMs }) => !isLeased && availableMs > this.#nowMs).length;
    const none = {
      sent: 0,
      duplicates: 0,
      refused: 0,
      received: 0,
      acknowledged: 0,
      released: 0,
      repeated: 0,
      redriven: 0,
      purged: 0,
    };
    const lost = { leasesExpired: 0, expired: 0, dropped: 0, deadLettered: 0, deadLettersRefused: 0, abandoned: 0 };
    const here = { messages: entries.length, bytes: 0, available: entries.length - leased - delayed, delayed, leased };
    return { ...here, createdMs, waiting: this.waiting, oldestMs: 0, subscriptions: [], ...none, ...lost };
  }
}
