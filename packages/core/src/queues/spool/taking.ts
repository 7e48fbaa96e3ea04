/**
 * Taking: messages that the spools of other nodes hand on to a queue.
 *
 * (T1) What is taken, and that it was, is one batch. A number that was taken, or that is lower, is not taken again.
 * (T2) Messages of one origin are taken in their order; at the first that cannot be, the call ends.
 * (T3) A call that comes behind a later one of its origin does nothing.
 * (T4) An origin is forgotten only when it says that it has nothing left.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { Transfer } from "../host.js";
import { checkMessage } from "../sending/intake.js";
import { isForNow } from "./for-now.js";
import type { Queue } from "../queue.js";
import { type Preparation, admit, giveBack, prepareTransfer, reserve } from "../sending/sending.js";
import { queueKey, tableNames } from "../store/tables.js";
import type { DeadLetter, OutgoingMessage, QueueEnd, QueueOperation } from "../types.js";
import { type TransferAnswer, type TransferItem, delayedForm, movedForm } from "./types.js";

type Asked = Extract<QueueOperation, { readonly op: "transfer" }>;
type End = (end: QueueEnd<"transfer">) => void;

/** What is known of the spool of one store. */
interface Origin {
  /** The last number that was taken, and is on the disk. */
  last: number;
  /** The last call. (T3) */
  call: number;
  /** A batch of it is on its way to the disk. */
  isBusy: boolean;
  /** It has said that it has nothing left: nothing of it is on the disk. */
  isOver: boolean;
  /** How many it has, as it has said in this run; `undefined`: it has said nothing. */
  kept: number | undefined;
}

/** One message, as far as it has come. */
type Step =
  | {
      readonly kind: "taken";
      readonly operations: readonly Operation[];
      admit(nowMs: number): void;
      giveBack(nowMs: number): void;
    }
  | { readonly kind: "refused"; readonly error: MpregError };

const originsMax = 10_000;

/** The origins of one queue; made with the first transfer to it. */
export class Taking {
  readonly #queue: Queue;
  readonly #origins = new Map<string, Origin>();

  constructor(queue: Queue) {
    this.#queue = queue;
    const { store } = queue.host.writes;
    if (!queue.durable || store === undefined) return;
    const [from, to] = [queueKey(queue.id), queueKey(queue.id + 1)];
    for (const { key, value } of store.range(tableNames.taken, { from, to, limit: originsMax })) {
      const { origin, last } = queue.host.tables.readTaken(key, value);
      this.#origins.set(origin, { last, call: 0, isBusy: false, isOver: false, kept: undefined });
    }
  }

  /** How many messages other nodes have for the queue, as they have said last; `undefined`: none has said anything. */
  get kept(): number | undefined {
    let sum: number | undefined;
    for (const { kept } of this.#origins.values()) if (kept !== undefined) sum = (sum ?? 0) + kept;
    return sum;
  }

  take(asked: Asked, end: End, nowMs: number): void {
    const origin = this.#originOf(asked.origin);
    if (asked.call <= origin.call) return this.#answer(origin, end); // (T3)
    origin.call = asked.call;
    origin.kept = asked.kept ?? origin.kept;
    this.#begin(asked, origin, end, nowMs);
  }

  #begin(asked: Asked, origin: Origin, end: End, nowMs: number): void {
    const queue = this.#queue;
    if (origin.call !== asked.call) return this.#answer(origin, end);
    if (origin.isBusy) {
      // what is on its way decides what is new of this one
      const again = (_: unknown, at: number): void => {
        this.#begin(asked, origin, end, at);
      };
      queue.host.writes.write([], {
        done: (at) => again(undefined, at),
        failed: (error) => end({ kind: "failed", error }),
      });
      return;
    }
    const steps: Extract<Step, { readonly kind: "taken" }>[] = [];
    const operations: Operation[] = [];
    let { last } = origin;
    let refused: TransferAnswer["refused"];
    for (const item of asked.messages) {
      if (item.number <= last) continue; // (T1)
      const step = this.#step(item, nowMs);
      if (step.kind === "refused") {
        refused = { number: item.number, error: step.error.toJSON() }; // (T2)
        break;
      }
      steps.push(step);
      operations.push(...step.operations);
      last = item.number;
    }
    const isOver = asked.over === true && asked.messages.length === 0;
    const { tables } = queue.host;
    if (queue.durable && last > origin.last) operations.push(tables.putTaken(queue.id, asked.origin, last));
    else if (queue.durable && isOver && !origin.isOver) operations.push(tables.deleteTaken(queue.id, asked.origin)); // (T4)
    const done = (at: number): void => {
      origin.isBusy = false;
      origin.last = last;
      const settled = asked.messages.filter(({ number }) => number <= last).length;
      if (origin.kept !== undefined && origin.call === asked.call) origin.kept = Math.max(0, origin.kept - settled);
      if (last > 0 || isOver) origin.isOver = isOver;
      for (const step of steps) step.admit(at);
      queue.figures.sent += steps.length;
      this.#answer(origin, end, refused);
      queue.serve(at);
    };
    const failed = (error: MpregError, at: number): void => {
      origin.isBusy = false;
      if (error.outcome !== "unknown") for (const step of steps.toReversed()) step.giveBack(at);
      end({ kind: "failed", error });
      queue.serve(at);
    };
    origin.isBusy = true;
    queue.commit(operations, { done, failed }, nowMs);
  }

  #answer({ last, call }: Origin, end: End, refused?: TransferAnswer["refused"]): void {
    end({ kind: "done", value: refused === undefined ? { taken: last, call } : { taken: last, call, refused } });
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    if (this.#origins.size >= originsMax) this.#forgetOne();
    const origin: Origin = { last: 0, call: 0, isBusy: false, isOver: true, kept: undefined };
    this.#origins.set(name, origin);
    return origin;
  }

  #forgetOne(): void {
    for (const [name, { isOver, isBusy }] of this.#origins) {
      if (isOver && !isBusy) return void this.#origins.delete(name);
    }
    const message = `Queue ${quoted(this.#queue.name)} knows ${originsMax} nodes that have messages for it; that is the limit`;
    throw new MpregError("overloaded", message); // (T4)
  }

  #step({ form, content }: TransferItem, nowMs: number): Step {
    const queue = this.#queue;
    let opened;
    try {
      opened = queue.host.sealer.open(content);
    } catch (error) {
      if (error instanceof MpregError) return { kind: "refused", error };
      throw error;
    }
    const { message, deadLetter, sentWallMs } = opened;
    if (form === movedForm) return stepOf(prepareTransfer(queue, message, deadLetter, nowMs));
    const waitedMs = Math.max(0, Math.floor(queue.host.wallMs() - sentWallMs));
    const delayMs = form === delayedForm ? Math.max(0, opened.delayMs - waitedMs) : undefined;
    const sent: OutgoingMessage = { ...message, ...(delayMs === undefined ? {} : { delayMs }) };
    const made = this.#reserve(sent, waitedMs, nowMs);
    if (made.kind === "duplicate") return made.of.isPending ? refusedForNow(queue) : nothing;
    if (made.kind === "prepared") {
      return {
        kind: "taken",
        operations: made.operations,
        admit: (at) => {
          admit(queue, made.prepared, at);
        },
        giveBack: (at) => {
          giveBack(queue, made.prepared, at);
        },
      };
    }
    if (isForNow(made.error)) return made;
    return this.#asDeadLetter(message, made.error, sentWallMs, nowMs) ?? made;
  }

  /** As a send, of what a node has taken for somebody: with an id that the node has made. */
  #reserve(message: OutgoingMessage, waitedMs: number, nowMs: number): Preparation {
    const queue = this.#queue;
    const { id, ttlMs, ...rest } = message;
    try {
      const asSent = id === undefined || id.startsWith("~s") ? rest : { ...rest, id };
      checkMessage(queue.name, ttlMs === undefined ? asSent : { ...asSent, ttlMs }, queue.settings, queue.host.limits);
      const left = ttlMs === undefined ? message : { ...message, ttlMs: Math.max(1, ttlMs - waitedMs) };
      return reserve(queue, left, undefined, nowMs);
    } catch (error) {
      if (error instanceof MpregError) return { kind: "refused", error };
      throw error;
    }
  }

  /** Nobody waits for the answer any more: it goes where somebody looks. */
  #asDeadLetter(message: OutgoingMessage, error: MpregError, sentMs: number, nowMs: number): Step | undefined {
    const { host, name, settings } = this.#queue;
    const target =
      settings.deadLetter === undefined || settings.deadLetter === name ? undefined : host.find(settings.deadLetter);
    if (target === undefined) return undefined;
    const letter: DeadLetter = {
      queue: name,
      reason: "refused",
      error: error.message,
      attempts: 0,
      subscription: undefined,
      sentMs,
      diedMs: host.wallMs(),
    };
    return stepOf(target.prepareTransfer(message, letter, nowMs));
  }
}

const nothing: Step = { kind: "taken", operations: [], admit: () => undefined, giveBack: () => undefined };

function stepOf(transfer: Transfer): Step {
  return transfer.kind === "refused" ? transfer : { ...transfer, kind: "taken" };
}

function refusedForNow(queue: Queue): Step {
  const message = `What it repeats is on its way into queue ${quoted(queue.name)}: ask again`;
  return { kind: "refused", error: new MpregError("overloaded", message) };
}
