/**
 * Feeding: messages of topics that come into a queue.
 *
 * Owns which of them the queue has had, and what has become of them. Where they come from is the node's business (`node/queue-feeds.ts`).
 *
 * (F1) A message of a topic comes in once, however often it is told: the ids of the last minute of messages are remembered, at most
 *      {@link idsMax}. They are in the batch of their messages, so a restart forgets none.
 * (F2) What the queue does not take is counted, with the last reason, and told.
 * (F4) Whoever wants to know whether the queue has a message hears so once it is on the disk, also of one that is repeated while it is on its way.
 * (F3) The last ids are remembered for as long as nothing follows them: who asks for what came since meets none that he has had.
 * (F5) How long ago that was is told by the monotonic clock: a step of the wall clock forgets nothing that may be told again.
 */
import { MpregError, hexOf } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { utf8Length } from "../../values/index.js";
import type { QueueHost } from "../host.js";
import { tellNotFed } from "../outcomes/telling.js";
import type { FeedStats, OutgoingMessage, QueueSettings, SendEnd } from "../types.js";

/** What it needs of its queue. */
export interface FedQueue {
  readonly name: string;
  readonly id: number;
  readonly durable: boolean;
  readonly createdMs: number;
  readonly settings: QueueSettings;
  readonly host: QueueHost;
  checkUsable(): void;
  note(operations: readonly Operation[]): void;
}

/** A message that was published. */
export interface FedMessage {
  /** Its own, which tells it apart from all others. */
  readonly id: string;
  readonly topic: string;
  readonly message: OutgoingMessage;
  /** Is told whether the queue has it, once that is on the disk. (F4) */
  readonly settled?: ((hasIt: boolean) => void) | undefined;
}

/** What is written of messages that came in together. */
export interface FeedRecord {
  /** Wall time of when they came. */
  readonly wallMs: number;
  /** Wall time since when the queue is fed. */
  readonly sinceMs: number;
  /** Wall time since when no id was forgotten. */
  readonly knownMs: number;
  readonly ids: readonly string[];
}

interface Batch {
  readonly number: number;
  readonly wallMs: number;
  /** When it came, or this node began. (F5) */
  readonly atMs: number;
  readonly ids: readonly string[];
}

const keptMs = 60_000;
const idsMax = 50_000;
/** What was published so long before the last message may have come after it. */
const slackMs = 10_000;

export class Feeding {
  readonly #queue: FedQueue;
  readonly #ids = new Set<string>();
  #batches: Batch[] = [];
  #nextNumber = 1;
  #sinceMs: number;
  #knownMs: number;
  #lastMs: number;
  readonly #stats = { taken: 0, repeated: 0, refused: 0, missed: 0, gaps: 0 };
  #lastRefusal: string | undefined;
  /** Ids that are on their way to the disk, and who wants to know of them. (F4) */
  readonly #asked = new Map<string, ((hasIt: boolean) => void)[]>();

  constructor(queue: FedQueue) {
    this.#queue = queue;
    this.#sinceMs = this.#knownMs = this.#lastMs = queue.createdMs;
  }

  stats(): FeedStats {
    return { ...this.#stats, lastRefusal: this.#lastRefusal };
  }

  /** Other topics feed the queue from now on: none before that is wanted. */
  begin(): void {
    const { host, id } = this.#queue;
    this.#sinceMs = this.#lastMs = host.wallMs();
    const record = this.#recordOf({ wallMs: this.#lastMs, ids: [] });
    this.#queue.note([host.tables.putFeed(id, this.#nextNumber++, record)]);
  }

  /** What was published since this wall time may be missing after a restart; what the queue has of it is known. */
  get restartedFromMs(): number {
    return Math.max(this.#lastMs - slackMs, this.#knownMs, this.#sinceMs);
  }

  /** The same where something is missing since `sinceMs`; `undefined` where the queue cannot tell any more what it had then. */
  knownFrom(sinceMs: number): number | undefined {
    const fromMs = Math.max(sinceMs - slackMs, this.#sinceMs);
    return fromMs >= this.#knownMs ? fromMs : undefined;
  }

  /** So many messages never came; `Infinity`: nobody knows how many. */
  missed(count: number): void {
    if (count === Infinity) this.#stats.gaps += 1;
    else this.#stats.missed += count;
  }

  /** `end` is told once they are in, or refused. */
  feed(messages: readonly FedMessage[], end: () => void, nowMs: number): void {
    const fresh: FedMessage[] = [];
    for (const fed of messages) {
      if (this.#ids.has(fed.id)) {
        this.#stats.repeated += 1; // (F1)
        this.#ask(fed);
      } else {
        this.#ids.add(fed.id);
        this.#asked.set(fed.id, fed.settled === undefined ? [] : [fed.settled]); // on its way
        fresh.push(fed);
      }
    }
    if (fresh.length === 0) {
      end();
      return;
    }
    let batch: Batch | undefined;
    const rows = (isTaken: (index: number) => boolean): Operation[] => {
      const ids = fresh.filter((_, index) => isTaken(index)).map(({ id }) => id);
      batch = { number: this.#nextNumber++, wallMs: this.#queue.host.wallMs(), atMs: nowMs, ids };
      return this.#rows(batch);
    };
    const ended = (ends: readonly SendEnd[]): void => {
      for (const [index, { id }] of fresh.entries()) this.#ended(id, ends[index]);
      if (batch !== undefined && batch.ids.some((id) => this.#ids.has(id))) this.#keep(batch);
      end();
    };
    try {
      this.#queue.checkUsable();
      const target = this.#queue.host.here(this.#queue.name);
      if (target === undefined) throw new MpregError("unknown-queue", "The queue was deleted");
      const wishes = fresh.map((fed) => this.#wishOf(fed));
      target.send(
        wishes,
        (how) => {
          if (how.kind === "done") ended(how.value);
          else ended(fresh.map(() => ({ kind: "refused", error: how.error })));
        },
        nowMs,
        rows,
      );
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      ended(fresh.map(() => ({ kind: "refused", error })));
    }
  }

  /** What was written, in the order of its numbers. */
  recover(number: number, { wallMs, sinceMs, knownMs, ids }: FeedRecord, nowMs: number): void {
    this.#nextNumber = number + 1;
    this.#sinceMs = sinceMs;
    this.#knownMs = knownMs;
    for (const id of ids) this.#ids.add(id);
    this.#keep({ number, wallMs, atMs: nowMs, ids });
  }

  #recordOf({ wallMs, ids }: Pick<Batch, "wallMs" | "ids">): FeedRecord {
    return { wallMs, sinceMs: this.#sinceMs, knownMs: this.#knownMs, ids };
  }

  /** Of a FIFO queue the messages of one topic are a group; a TTL is no longer than the queue's. */
  #wishOf({ topic, message }: FedMessage): OutgoingMessage {
    const { settings, host } = this.#queue;
    const ttlMs = message.ttlMs === undefined ? undefined : Math.min(message.ttlMs, settings.ttlMs);
    const isLong = utf8Length(topic) > host.limits.idBytesMax;
    const group =
      settings.order !== "fifo" || topic === ""
        ? undefined
        : isLong
          ? hexOf(host.sha256(host.utf8.encode(topic)))
          : topic;
    return {
      ...message,
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(group === undefined ? {} : { group }),
    };
  }

  /** The batch's own, and the end of those that are forgotten with it. (F1) */
  #rows(batch: Batch): Operation[] {
    const { host, id, durable } = this.#queue;
    if (!durable || batch.ids.length === 0) return [];
    const last = this.#batches[this.#forgotten(batch) - 1];
    const record = this.#recordOf(batch);
    if (last === undefined) return [host.tables.putFeed(id, batch.number, record)];
    const later = { ...record, knownMs: Math.max(record.knownMs, last.wallMs + 1) };
    return [host.tables.putFeed(id, batch.number, later), host.tables.deleteFeeds(id, last.number + 1)];
  }

  /** How many of the oldest are not needed any more once there is `batch`. (F3) */
  #forgotten(batch: Batch): number {
    let left = this.#batches.reduce((sum, { ids }) => sum + ids.length, batch.ids.length);
    let count = 0;
    for (const { atMs, ids } of this.#batches) {
      if (left <= idsMax && batch.atMs - atMs <= keptMs) break; // (F5)
      left -= ids.length;
      count += 1;
    }
    return count;
  }

  #keep(batch: Batch): void {
    const forgotten = this.#batches.splice(0, this.#forgotten(batch));
    for (const { wallMs, ids } of forgotten) {
      for (const id of ids) this.#ids.delete(id);
      this.#knownMs = Math.max(this.#knownMs, wallMs + 1);
    }
    this.#batches.push(batch);
    this.#lastMs = Math.max(this.#lastMs, batch.wallMs);
  }

  /** (F4) */
  #ask({ id, settled }: FedMessage): void {
    if (settled === undefined) return;
    const others = this.#asked.get(id);
    if (others === undefined) settled(true);
    else others.push(settled);
  }

  /** (F2, F4) */
  #ended(id: string, end: SendEnd | undefined): void {
    const asked = this.#asked.get(id) ?? [];
    this.#asked.delete(id);
    for (const settled of asked) settled(end?.kind === "done");
    if (end?.kind === "done") {
      if (end.duplicate) this.#stats.repeated += 1;
      else this.#stats.taken += 1;
      return;
    }
    this.#ids.delete(id);
    this.#stats.refused += 1;
    this.#lastRefusal = end?.error.message;
    tellNotFed(this.#queue, id, end?.error.message ?? "");
  }
}
