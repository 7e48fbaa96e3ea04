/**
 * Spool: messages that this node keeps for queues that are elsewhere, and hands on to them (docs/decisions/0018-spool.md).
 *
 * Owns their numbers, their room, and the way in. What goes on in the line of one queue is `line.ts`; how it is taken over there `taking.ts`.
 *
 * (P1) A message is here by the batch that takes it from where it was, and gone once its queue has it: it is never in none.
 * (P2) No number of a store comes again, and in a line they rise.
 * (P3) What is on its way to the disk takes room. There is room for `spoolMessagesMax` and `spoolBytesMax`; beyond, nothing is taken.
 */
import { MpregError, type Random, type Timers, type Utf8, hexOf, quoted } from "../../base/index.js";
import type { Operation, Store } from "../../journal/index.js";
import { checkMessage } from "../sending/intake.js";
import type { Transfer } from "../host.js";
import type { QueuesLimits } from "../limits.js";
import type { Sealer } from "../message/sealed.js";
import { defaultQueueSettings } from "../settings/settings.js";
import type { DeadLetter, OutgoingMessage, QueueEnd, QueueSettings, SendEnd } from "../types.js";
import type { Writes } from "../store/writes.js";
import type { QueueListener } from "../outcomes/listener.js";
import { Line, type LineHost } from "./line.js";
import { spoolTables } from "./names.js";
import { SpoolRows } from "./rows.js";
import type { Again, SettleSpooledEnd, SpoolTold } from "./set-aside.js";
import {
  type Courier,
  type SpoolEntry,
  type SpoolVerdict,
  type SpooledFor,
  type SpooledForm,
  delayedForm,
  movedForm,
  sentForm,
} from "./types.js";

export interface SpoolHost {
  readonly timers: Timers;
  readonly random: Random;
  readonly utf8: Utf8;
  readonly sealer: Sealer;
  readonly writes: Writes;
  readonly limits: QueuesLimits;
  readonly courier: Courier;
  /** Names this run of the node. */
  readonly run: string;
  readonly listener: QueueListener | undefined;
  wallMs(): number;
}

/** What a node keeps for queues that are elsewhere. */
export interface SpoolFigures extends Readonly<Record<SpoolTold, number>> {
  /** Messages that are handed on when their queue takes them, and those that were set aside. */
  readonly waiting: number;
  readonly setAside: number;
  /** Bytes of both. */
  readonly bytes: number;
  /** The same by queue: of the hundred that most is kept for. */
  readonly queues: readonly { readonly queue: string; readonly waiting: number; readonly setAside: number }[];
}

export const noFigures: SpoolFigures = {
  waiting: 0,
  setAside: 0,
  bytes: 0,
  queues: [],
  "spool-refused": 0,
  "spool-retried": 0,
  "spool-discarded": 0,
};

/** Which of what was set aside: of one queue, or of these ids; without either all that `allows`. */
export interface SpooledChoice {
  readonly queue: string | undefined;
  readonly ids: ReadonlySet<string> | undefined;
  allows(queue: string): boolean;
}

/** A message on its way into the spool. */
type Prepared = Extract<Transfer, { readonly kind: "prepared" }> & { readonly id: string };
type Refused = Extract<Transfer, { readonly kind: "refused" }>;

/** Of what names a run of the node. */
const runDigits = 12;
const numbersAhead = 100_000;
const pageRows = 1_000;
const refusalsShown = 100;
const queuesCounted = 100;
/** A message that this node cannot check against the settings of its queue may be whatever some queue would take. */
const anySettings: QueueSettings = { ...defaultQueueSettings, ttlMs: Infinity, messageBytesMax: Infinity };

export class Spool {
  readonly origin: string;
  readonly #told: Record<SpoolTold, number> = { "spool-refused": 0, "spool-retried": 0, "spool-discarded": 0 };
  readonly #host: SpoolHost;
  readonly #rows: SpoolRows;
  readonly #lines = new Map<string, Line>();
  readonly #lineHost: LineHost;
  #messages = 0;
  #bytes = 0;
  #nextNumber = 1;
  /** The disk knows that no number from this one on was given. (P2) */
  #promised = 0;

  /** With a store, what is in it is there at once. */
  constructor(host: SpoolHost, nowMs: number) {
    this.#host = host;
    this.#rows = new SpoolRows(host.utf8);
    const { store } = host.writes;
    const state = store === undefined ? undefined : this.#rows.readState((table, key) => store.get(table, key));
    this.origin = state?.origin ?? hexOf(host.random.bytes(8));
    this.#nextNumber = this.#promised = state?.numbers ?? 1;
    this.#lineHost = {
      timers: host.timers,
      random: host.random,
      writes: host.writes,
      courier: host.courier,
      rows: this.#rows,
      origin: this.origin,
      ageMsMax: host.limits.spoolAgeMsMax,
      numbersFrom: state?.numbers,
      given: (upTo) => {
        this.#nextNumber = Math.max(this.#nextNumber, upTo + 1);
      },
      wallMs: () => host.wallMs(),
      facts: ({ number }, content) => {
        const { message, sentWallMs } = host.sealer.open(content);
        return { id: message.id ?? this.#idOf(number), sentMs: sentWallMs };
      },
      left: (entry) => {
        this.#giveBack(entry.bytes);
      },
      again: (queue, { form }, content) => this.#placed(queue, form, this.#nextNumber++, content),
      told: (queue, how, { id, sentMs, why }) => {
        this.#told[how] += 1;
        const { listener } = host;
        if (listener?.isHeard === true) listener.ended(queue, how, { id, receives: 0, sentMs, error: why });
      },
      ended: (queue) => {
        this.#lines.get(queue)?.close();
        this.#lines.delete(queue);
      },
    };
    if (store !== undefined) this.#recover(store, nowMs);
  }

  /** Whether there is anything in a store for one. */
  static isIn(store: Store): boolean {
    const any = { from: new Uint8Array(1), limit: 1 };
    return store.range(spoolTables.waiting, any).length + store.range(spoolTables.refused, any).length > 0;
  }

  /** Lines of queues, as they can be told of. */
  list(): readonly SpooledFor[] {
    const told: SpooledFor[] = [];
    for (const line of this.#lines.values()) {
      if (line.size === 0 && line.setAside.size === 0) continue;
      const first = line.first;
      const content = first === undefined ? undefined : this.#contentOf(line.queue, first);
      const isAway = this.#host.courier.whereIs(line.queue) !== "there";
      told.push({
        queue: line.queue,
        messages: line.size,
        bytes: line.bytes,
        sinceMs: content === undefined ? undefined : this.#host.sealer.open(content).sentWallMs,
        error: isAway && line.size > 0 ? "no node has the queue just now" : line.error?.message,
        refused: line.setAside.size,
        refusals: firstOf(line.setAside.entries()).map(({ id, why }) => ({ id, error: why })),
      });
    }
    return told.sort((a, b) => (a.queue < b.queue ? -1 : 1));
  }

  figures(): SpoolFigures {
    const lines = [...this.#lines.values()].filter((line) => line.size + line.setAside.size > 0);
    lines.sort((a, b) => b.size + b.setAside.size - a.size - a.setAside.size);
    const queues = lines.slice(0, queuesCounted).map((line) => ({
      queue: line.queue,
      waiting: line.size,
      setAside: line.setAside.size,
    }));
    const all = { waiting: 0, setAside: 0 };
    for (const line of lines) {
      all.waiting += line.size;
      all.setAside += line.setAside.size;
    }
    return { ...all, bytes: this.#bytes, queues, ...this.#told };
  }

  /** An id as this node has made it, which came back from elsewhere; others as they are. */
  madeHere(id: string): string {
    const prefix = `~s${this.origin}.`;
    const isOfSpool = id.length - id.lastIndexOf(".") > runDigits; // see #idOf: sequences are shorter
    return id.startsWith(prefix) && !isOfSpool ? `~${id.slice(prefix.length)}` : id;
  }

  /** How many wait for that queue. */
  waitingFor(queue: string): number {
    return this.#lines.get(queue)?.size ?? 0;
  }

  /** Tells once that nothing waits for it any more; answers how to give that up. */
  whenEmpty(queue: string, empty: (nowMs: number) => void): () => void {
    return this.#line(queue).whenEmpty(empty);
  }

  /** Some node has that queue. */
  wake(queue: string, nowMs: number): void {
    this.#lines.get(queue)?.wake(nowMs);
  }

  /**
   * Has what was set aside tried again, behind all that waits for its queue, or throws it away. Tried again is only what some node has the queue for, and has
   * told that it does not have it. `end` is told how many that were, and what has kept others from it.
   */
  settle(verdict: SpoolVerdict, choice: SpooledChoice, end: SettleSpooledEnd, nowMs: number): void {
    const lines = [...this.#lines.values()].filter(
      ({ queue }) =>
        (choice.queue === undefined || queue === choice.queue) &&
        choice.allows(queue) &&
        (verdict === "discard" || this.#host.courier.whereIs(queue) === "there"),
    );
    let settled = 0;
    const next = (at: number): void => {
      const line = lines.shift();
      if (line === undefined) return end(settled, undefined, at);
      const one = (more: number, error: MpregError | undefined, then: number): void => {
        settled += more;
        if (more > 0) line.settled(then);
        if (error === undefined) next(then);
        else end(settled, error, then);
      };
      line.setAside.settle(verdict, line.setAside.chosen(verdict, choice.ids), one, at);
    };
    next(nowMs);
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  /** Takes what was sent, in its order; told once it is on the disk. */
  send(queue: string, messages: readonly OutgoingMessage[], end: (end: QueueEnd<"send">) => void, nowMs: number): void {
    const made = messages.map((message) => this.#prepareSent(queue, message));
    const operations = made.flatMap((one) => (one.kind === "prepared" ? one.operations : []));
    const done = (at: number): void => {
      const ends = made.map((one): SendEnd => {
        if (one.kind === "refused") return one;
        one.admit(at);
        return { kind: "done", id: one.id, sequence: 0n, duplicate: false, spooled: true };
      });
      end({ kind: "done", value: ends });
    };
    const failed = (error: MpregError, at: number): void => {
      if (error.outcome !== "unknown") for (const one of made) if (one.kind === "prepared") one.giveBack(at);
      end({ kind: "done", value: made.map((one) => (one.kind === "refused" ? one : { kind: "refused", error })) });
    };
    if (operations.length === 0) done(nowMs);
    else this.#host.writes.write(operations, { done, failed });
  }

  /** What is moved to that queue from one of this node. */
  prepareMoved(queue: string, given: OutgoingMessage, deadLetter: DeadLetter | undefined): Transfer {
    const { ttlMs: _ttlMs, delayMs: _delayMs, ...rest } = given;
    const { id = "", after } = rest;
    const away = (made: string): string => awayIdOf(this.origin, made);
    const message = {
      ...rest,
      ...(id === "" ? {} : { id: away(id) }),
      ...(after === undefined ? {} : { after: after.map(away) }),
    };
    const content = this.#host.sealer.seal(message, { sentWallMs: this.#host.wallMs(), delayMs: 0, deadLetter });
    return this.#reserve(queue, movedForm, this.#nextNumber++, id, content);
  }

  #prepareSent(queue: string, given: OutgoingMessage): Prepared | Refused {
    const { limits, sealer } = this.#host;
    try {
      checkMessage(queue, given, anySettings, limits);
    } catch (error) {
      if (error instanceof MpregError) return { kind: "refused", error };
      throw error;
    }
    const number = this.#nextNumber++;
    const message = given.id === undefined ? { ...given, id: this.#idOf(number) } : given;
    const delayMs = message.delayMs ?? 0;
    const content = sealer.seal(message, { sentWallMs: this.#host.wallMs(), delayMs, deadLetter: undefined });
    return this.#reserve(
      queue,
      message.delayMs === undefined ? sentForm : delayedForm,
      number,
      message.id as string,
      content,
    );
  }

  /** (P1, P3) */
  #reserve(queue: string, form: SpooledForm, number: number, id: string, content: Uint8Array): Prepared | Refused {
    const { writes, limits } = this.#host;
    const { spoolMessagesMax, spoolBytesMax } = limits;
    const bytes = content.length;
    if (writes.frozen !== undefined) return { kind: "refused", error: writes.frozen };
    if (this.#messages + 1 > spoolMessagesMax || this.#bytes + bytes > spoolBytesMax) {
      const has = `it has ${this.#messages} of ${spoolMessagesMax} messages and ${this.#bytes} of ${spoolBytesMax} bytes`;
      const text = `The spool of this node has no room for a message to queue ${quoted(queue)}: ${has}`;
      return { kind: "refused", error: new MpregError("overloaded", text) };
    }
    this.#messages += 1;
    this.#bytes += bytes;
    return {
      kind: "prepared",
      id,
      ...this.#placed(queue, form, number, content),
      giveBack: () => {
        this.#giveBack(bytes);
      },
    };
  }

  /** At the end of its line, once the operations are on the disk. (P2) */
  #placed(queue: string, form: SpooledForm, number: number, content: Uint8Array): Again {
    const isKept = this.#host.writes.store !== undefined;
    const promise = isKept && number >= this.#promised ? number + numbersAhead : undefined;
    const operations: Operation[] = [];
    if (promise !== undefined) operations.push(this.#rows.putState({ origin: this.origin, numbers: promise })); // (P2)
    if (isKept) operations.push(this.#rows.put(queue, number, form, content));
    return {
      operations,
      admit: (at) => {
        if (promise !== undefined) this.#promised = Math.max(this.#promised, promise);
        this.#line(queue).add({ number, form, bytes: content.length, content: isKept ? undefined : content }, at);
      },
    };
  }

  #giveBack(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
  }

  #line(queue: string): Line {
    let line = this.#lines.get(queue);
    if (line === undefined) this.#lines.set(queue, (line = new Line(queue, this.#lineHost)));
    return line;
  }

  #idOf(number: number): string {
    return `~s${this.origin}.${number.toString(36)}.${this.#host.run}`; // numbers of a store that was put back from an older copy come again
  }

  #contentOf(queue: string, { number, content }: SpoolEntry): Uint8Array | undefined {
    if (content !== undefined) return content;
    const row = this.#host.writes.store?.get(spoolTables.waiting, this.#rows.key(queue, number));
    return row === undefined ? undefined : this.#rows.read(row).content;
  }

  #recover(store: Store, nowMs: number): void {
    for (const table of [spoolTables.refused, spoolTables.waiting]) {
      let from: Uint8Array = new Uint8Array(1);
      for (;;) {
        const page = store.range(table, { from, limit: pageRows });
        for (const { key, value } of page) this.#recovered(table, key, value, nowMs);
        const last = page[page.length - 1];
        if (last === undefined || page.length < pageRows) break;
        from = new Uint8Array(last.key.length + 1);
        from.set(last.key);
      }
    }
  }

  #recovered(table: string, key: Uint8Array, value: Uint8Array, nowMs: number): void {
    const { queue, number } = this.#rows.readKey(key);
    const told = table === spoolTables.refused ? this.#rows.readRefused(value) : undefined;
    const { form, content } = this.#rows.read(told?.row ?? value);
    const entry: SpoolEntry = { number, form, bytes: content.length, content: undefined };
    this.#messages += 1;
    this.#bytes += entry.bytes;
    const line = this.#line(queue);
    if (told === undefined) line.recover(entry, nowMs);
    else line.setAside.recover({ ...entry, ...this.#lineHost.facts(entry, content), why: told.why });
  }
}

/** An id made of the numbers of a node may be another message's elsewhere. */
function awayIdOf(origin: string, id: string): string {
  return id.startsWith("~") && !id.startsWith("~s") ? `~s${origin}.${id.slice(1)}` : id;
}

function firstOf<T>(all: Iterable<T>): T[] {
  const first: T[] = [];
  for (const one of all) {
    if (first.length === refusalsShown) break;
    first.push(one);
  }
  return first;
}
