/**
 * Redriving: dead letters that go back to the queues they come from, or to another one, here or elsewhere.
 *
 * Owns the tasks of one queue: one that runs, and the last that are over.
 *
 * (V1) A message is in its new queue and gone from this one by one batch, which also counts it. What the new queue does not take stays.
 * (V2) Messages go in the order of their sequences. Where one of a group stays, all that are behind it in its group stay: none overtakes.
 * (V3) A task moves what was there when it was begun, and goes on after a restart.
 * (V4) What is leased, settling or about to be purged stays.
 * (V5) What is for a queue that no node is known to have just now waits, and what is behind it in its group; all else goes meanwhile.
 * (V6) What waits for others (`after`) goes behind them, once all that is not done of these has gone; where it cannot until the end of the task, it fails.
 */
import { type DueItem, MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { AbsentQueues } from "./absent-queues.js";
import type { Dependents } from "../after/dependents.js";
import type { QueueHost, Transfer } from "../host.js";
import type { Lane } from "../leases/lane.js";
import type { Log } from "../message/log.js";
import { type Entry, type Message, entriesOf, isFree } from "../message/message.js";
import type { QueueEnd, Redrive } from "../types.js";
import { restoreMessage } from "../leaving/restoring.js";
import type { WriteEnd } from "../store/writes.js";

/** What they need of their queue. */
export interface RedrivingQueue {
  readonly name: string;
  readonly id: number;
  readonly durable: boolean;
  readonly host: QueueHost;
  readonly log: Log;
  readonly nextSequence: number;
  readonly purgedBefore: number;
  advance(nowMs: number): void;
  serve(nowMs: number): void;
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void;
  note(operations: readonly Operation[]): void;
  remove(message: Message, how: "redriven", nowMs: number): void;
  deletesOf(message: Message): Operation[];
  readonly dependents: Dependents;
  contentOf(message: Message): Uint8Array | undefined;
  idOf(message: Message): string;
  laneOf(entry: Entry): Lane | undefined;
  readonly expiry: { isOver(message: Message, nowMs: number): boolean };
  expireEntry(entry: Entry, nowMs: number): void;
}

/** What is written of a task. */
export interface MoveRecord extends Redrive {
  readonly number: number;
  /** It moves messages before this sequence. */
  readonly before: number;
}

type End = (end: QueueEnd<"redrive" | "cancel-redrive">) => void;

/** Tasks that are over and still told of. */
const overMax = 10;
/** Messages of one batch: as many as a group commit takes without making others wait. */
const batchMessagesMax = 64;
/** Messages that are looked at before others have their turn. */
const looksMax = 1_000;
/** How long a task waits after the disk has refused a batch. */
const refusedWaitMs = 1_000;
const perSecondMax = 10_000_000;

export class Redriving {
  readonly #queue: RedrivingQueue;
  readonly #tasks: Task[] = [];
  #nextNumber = 1;
  #isStarting = false;

  constructor(queue: RedrivingQueue) {
    this.#queue = queue;
  }

  list(): readonly Redrive[] {
    return this.#tasks.map((task) => task.told());
  }

  /** Answers the task once it is on the disk; it runs from then on. */
  start(wish: { readonly to?: string; readonly perSecond?: number }, end: End, nowMs: number): void {
    this.#check(wish);
    this.#start(wish, end, nowMs);
  }

  /** All that there is goes to the queue of this one's name on another node; nothing happens while a task runs. */
  handOver(nowMs: number): void {
    for (const task of this.#tasks) task.giveWay(nowMs); // its messages go to the older queue
    if (this.isRunning) return;
    this.#start({ to: this.#queue.name }, () => undefined, nowMs); // refused by the disk it is tried again
  }

  get isRunning(): boolean {
    return this.#isStarting || this.#tasks.some(({ state }) => state === "running");
  }

  #start(wish: { readonly to?: string; readonly perSecond?: number }, end: End, nowMs: number): void {
    const queue = this.#queue;
    const number = this.#nextNumber++;
    const task = new Task(queue, {
      id: `${queue.id.toString(36)}.${number.toString(36)}`,
      number,
      to: wish.to,
      perSecond: wish.perSecond,
      state: "running",
      messages: queue.log.size,
      moved: 0,
      refused: 0,
      waiting: 0,
      waitingFor: [],
      lastRefusal: undefined,
      startedMs: queue.host.wallMs(),
      before: queue.nextSequence,
    });
    const operations = queue.durable ? [queue.host.tables.putMove(queue.id, number, task.record(0))] : [];
    const old = this.#tasks.slice(0, Math.max(0, this.#tasks.length - overMax + 1));
    if (queue.durable) for (const one of old) operations.push(queue.host.tables.deleteMove(queue.id, one.number));
    this.#isStarting = true;
    const done = (at: number): void => {
      this.#isStarting = false;
      this.#tasks.splice(0, old.length);
      this.#tasks.push(task);
      end({ kind: "done", value: task.told() });
      task.begin(at);
    };
    const failed = (error: MpregError): void => {
      this.#isStarting = false;
      end({ kind: "failed", error });
    };
    queue.commit(operations, { done, failed }, nowMs);
  }

  /** A batch that is on its way to the disk is moved all the same, and told before this one's end. */
  cancel(id: string, end: End, nowMs: number): void {
    const task = this.#tasks.find((one) => one.id === id);
    if (task !== undefined) {
      task.cancel(end, nowMs);
      return;
    }
    const ids = this.#tasks.map((one) => quoted(one.id)).join(", ");
    const has = ids === "" ? "it has none" : `it has ${ids}`;
    throw new MpregError("invalid-argument", `Queue ${quoted(this.#queue.name)} has no redrive ${quoted(id)}; ${has}`);
  }

  /** (V3) Messages that stayed are tried again. What is handed over begins anew, once it is seen again that it has to be. */
  recover(record: MoveRecord, nowMs: number): void {
    const isOver = record.state !== "running";
    const state = record.to === this.#queue.name ? "cancelled" : record.state;
    const task = new Task(this.#queue, isOver ? record : { ...record, state, refused: 0, lastRefusal: undefined });
    this.#tasks.push(task);
    this.#nextNumber = Math.max(this.#nextNumber, record.number + 1);
    task.begin(nowMs);
  }

  close(): void {
    for (const task of this.#tasks) task.close();
  }

  #check({ to, perSecond }: { readonly to?: string; readonly perSecond?: number }): void {
    const { name, host } = this.#queue;
    const who = `"redrive" of queue ${quoted(name)}`;
    if (to === name) throw new MpregError("invalid-argument", `${who}: "to" must be another queue, got ${quoted(to)}`);
    if (to !== undefined && host.find(to) === undefined)
      throw new MpregError("unknown-queue", `${who}: there is no queue ${quoted(to)}`);
    if (perSecond !== undefined && !(perSecond >= 0.001 && perSecond <= perSecondMax)) {
      const message = `${who}: "perSecond" must be a number from 0.001 to ${perSecondMax}, got ${perSecond}`;
      throw new MpregError("invalid-argument", message);
    }
    if (!this.isRunning) return;
    throw new MpregError("overloaded", `${who}: one is running already; wait for its end, or cancel it`);
  }
}

/** A message on its way, with what is reserved for it over there. */
interface Moving {
  readonly message: Message;
  readonly transfer: Extract<Transfer, { readonly kind: "prepared" }>;
}

/** Where a task goes on once a queue is seen: the first message that waits is behind `from`. (V5) */
interface Mark {
  readonly from: number;
  readonly refused: number;
}

class Task implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: string;
  readonly number: number;
  state: Redrive["state"];
  readonly #queue: RedrivingQueue;
  readonly #is: MoveRecord;
  #moved: number;
  #refused: number;
  #lastRefusal: string | undefined;
  /** All before have been looked at. */
  #from = -1;
  /** A batch is on its way, and what is done once it has ended. */
  #isMoving = false;
  #onceMoved: ((nowMs: number) => void)[] = [];
  #closed = false;
  /** Nothing that runs on is written behind what ends it. */
  #cancels = 0;
  /** Groups of which one has stayed, or waits, and its sequence. (V2) */
  readonly #stuck = new Map<string, number>();
  readonly #stuckWaiting = new Map<string, number>();
  readonly #absent: AbsentQueues;
  /** How many of those that were looked at wait, and where they begin. (V5) */
  #waiting = 0;
  #mark: Mark | undefined = undefined;
  /** All others have gone, or stay. */
  #onlyWaits = false;

  constructor(queue: RedrivingQueue, is: MoveRecord) {
    this.#queue = queue;
    this.#is = is;
    this.id = is.id;
    this.number = is.number;
    this.state = is.state;
    this.#moved = is.moved;
    this.#refused = is.refused;
    this.#lastRefusal = is.lastRefusal;
    this.#absent = new AbsentQueues(queue.host);
  }

  told(): Redrive {
    const { id, to, perSecond, messages, startedMs } = this.#is;
    const waiting = this.state === "running" ? this.#waiting : 0;
    return {
      id,
      to,
      perSecond,
      state: this.state,
      messages,
      moved: this.#moved,
      refused: this.#refused,
      waiting,
      waitingFor: waiting === 0 ? [] : this.#absent.list(),
      lastRefusal: this.#lastRefusal,
      startedMs,
    };
  }

  record(moving: number, state: Redrive["state"] = this.state): MoveRecord {
    const { number, before } = this.#is;
    return { ...this.told(), number, before, state, moved: this.#moved + moving };
  }

  begin(nowMs: number): void {
    if (this.state === "running") this.#again(nowMs);
  }

  close(): void {
    this.#closed = true;
    this.#queue.host.timers.unschedule(this);
  }

  /** Written behind the batch that is on its way, so that what is moved is counted. */
  cancel(end: End, nowMs: number): void {
    this.#cancels += 1;
    if (!this.#isMoving) this.#cancel(end, nowMs);
    else {
      this.#onceMoved.push((at) => {
        this.#cancel(end, at);
      });
    }
  }

  #cancel(end: End, nowMs: number): void {
    const done = (at: number): void => {
      this.#cancels -= 1;
      if (this.state === "running") {
        this.state = "cancelled";
        this.#queue.host.timers.unschedule(this);
        this.#leaveBehind(at); // of one that is over nothing is left, and another may be running
      }
      end({ kind: "done", value: this.told() });
    };
    const failed = (error: MpregError, at: number): void => {
      this.#cancels -= 1;
      end({ kind: "failed", error });
      this.#again(at);
    };
    this.#queue.commit(this.state === "running" ? this.#rows(0, "cancelled") : [], { done, failed }, nowMs);
  }

  onDue(nowMs: number): void {
    if (this.#closed || this.#cancels > 0 || this.state !== "running") return;
    const queue = this.#queue;
    if (queue.purgedBefore === Infinity) {
      this.#again(nowMs + refusedWaitMs); // goes on if the queue is not deleted after all: nothing is written for it meanwhile
      return;
    }
    if (this.#onlyWaits && !this.#resumed(nowMs)) return;
    queue.advance(nowMs);
    const { from, refused, waiting, mark } = this.#place();
    const { batch, isLast } = this.#next(nowMs);
    if (batch.length === 0) {
      if (!isLast) this.#again(nowMs + 1);
      else if (this.#mark === undefined) {
        this.#leaveBehind(nowMs);
        this.#finish();
      } else this.#wait(nowMs);
      return;
    }
    const operations: Operation[] = [];
    for (const { message, transfer } of batch) {
      operations.push(...queue.deletesOf(message), ...queue.dependents.movedOf(message), ...transfer.operations);
    }
    this.#isMoving = true;
    operations.push(...this.#rows(batch.length)); // (V1)
    const { perSecond } = this.#is;
    const nextMs = perSecond === undefined ? nowMs : nowMs + (batch.length * 1_000) / perSecond;
    const done = (at: number): void => {
      this.#moved += batch.length;
      this.#absent.moved();
      for (const { message, transfer } of batch) {
        queue.remove(message, "redriven", at);
        transfer.admit(at);
      }
      queue.serve(at);
      this.#ended(at);
      this.#again(Math.max(at + 1, nextMs)); // others have their turn, also where there is no disk to wait for
    };
    const failed = (error: MpregError, at: number): void => {
      // with an unknown outcome the store is frozen: its next opening tells where they are
      if (error.outcome !== "unknown") for (const moving of batch.toReversed()) this.#putBack(moving, at);
      this.#from = from;
      this.#refused = refused;
      this.#waiting = waiting;
      this.#mark = mark;
      this.#ended(at);
      if (error.outcome !== "unknown") this.#again(at + refusedWaitMs);
    };
    queue.commit(operations, { done, failed }, nowMs);
  }

  #ended(nowMs: number): void {
    this.#isMoving = false;
    const then = this.#onceMoved;
    this.#onceMoved = [];
    for (const each of then) each(nowMs);
  }

  #again(atMs: number): void {
    if (!this.#closed && this.state === "running") this.#queue.host.timers.schedule(this, atMs);
  }

  /** The next that can go, on their way. (V2, V4) */
  #next(nowMs: number): { readonly batch: readonly Moving[]; readonly isLast: boolean } {
    const queue = this.#queue;
    const { perSecond, before } = this.#is;
    const most = perSecond === undefined ? batchMessagesMax : Math.max(1, Math.min(batchMessagesMax, perSecond / 10));
    const batch: Moving[] = [];
    let bytes = 0;
    for (let looks = 0; looks < looksMax && batch.length + 1 <= most; looks++) {
      const message = queue.log.after(this.#from);
      if (message === undefined || message.sequence >= before) return { batch, isLast: true };
      if (batch.length > 0 && bytes + message.bytes > queue.host.limits.sendBytesMax) break;
      if (batch.some((moving) => queue.dependents.waitsFor(message, moving.message))) break; // (V6)
      const moving = this.#prepared(message, nowMs);
      if (moving === "waits") {
        this.#mark ??= { from: this.#from, refused: this.#refused };
        this.#waiting += 1;
        stick(this.#stuckWaiting, message);
      } else if (moving === "stays") {
        this.#refused += 1;
        stick(this.#stuck, message);
      } else {
        bytes += message.bytes;
        batch.push(moving);
      }
      this.#from = message.sequence;
    }
    return { batch, isLast: false };
  }

  #prepared(message: Message, nowMs: number): Moving | "stays" | "waits" {
    const queue = this.#queue;
    if (isStuck(this.#stuck, message)) return "stays";
    if (isStuck(this.#stuckWaiting, message)) return "waits";
    if (message.sequence < queue.purgedBefore) return "stays";
    const entries = entriesOf(message);
    if (!(isFree(message) || queue.dependents.mayMove(message))) {
      const why = queue.dependents.isWaiting(message) ? "waits for others" : "is leased, or just leaving";
      return this.#stays(message, why);
    }
    const content = queue.contentOf(message);
    if (content === undefined) return "stays";
    const opened = queue.host.sealer.open(content);
    const isHandedOver = this.#is.to === queue.name;
    const to = this.#is.to ?? opened.deadLetter?.queue;
    if (to === undefined || (to === queue.name && !isHandedOver)) {
      return this.#stays(message, `is no dead letter of another queue: say where to ("to")`);
    }
    const letter = isHandedOver ? opened.deadLetter : undefined;
    const target = isHandedOver ? queue.host.elsewhere(to) : queue.host.find(to);
    if (target === undefined) {
      if (!isHandedOver && this.#absent.isAwaited(to, nowMs)) return "waits"; // (V5)
      return this.#stays(message, `is for queue ${quoted(to)}, which is not there`);
    }
    this.#absent.seen(to);
    const transfer = target.prepareTransfer({ ...opened.message, id: queue.idOf(message) }, letter, nowMs);
    if (transfer.kind !== "prepared") {
      if (isHandedOver || queue.host.here(to) !== undefined) return this.#stays(message, transfer.error.message);
      this.#absent.hasNoRoom(to, transfer.error.message); // that of the spool is no refusal of the queue
      return "waits";
    }
    queue.dependents.hold(message);
    for (const entry of entries) queue.laneOf(entry)?.settle(entry);
    return { message, transfer };
  }

  #stays(message: Message, why: string): "stays" {
    this.#lastRefusal = `${quoted(this.#queue.idOf(message))}: ${why}`;
    return "stays";
  }

  #place(): Mark & { readonly waiting: number; readonly mark: Mark | undefined } {
    return { from: this.#from, refused: this.#refused, waiting: this.#waiting, mark: this.#mark };
  }

  /** All that is left waits for queues that are not known just now. (V5) */
  #wait(nowMs: number): void {
    this.#onlyWaits = true;
    this.#again(nowMs + this.#absent.waitMs());
  }

  /** Looks again from the first that waits on, where there is a reason to; answers whether there is. */
  #resumed(nowMs: number): boolean {
    if (!this.#absent.isOver(nowMs) || this.#mark === undefined) {
      this.#wait(nowMs);
      return false;
    }
    this.#from = this.#mark.from;
    this.#refused = this.#mark.refused;
    this.#waiting = 0;
    this.#mark = undefined;
    this.#stuckWaiting.clear();
    this.#onlyWaits = false;
    return true;
  }

  /** It is over where all that is left waits, which stays, or where it takes its time. */
  giveWay(nowMs: number): void {
    const { to, perSecond } = this.#is;
    if (this.state !== "running" || this.#cancels > 0 || to === this.#queue.name) return;
    if (!this.#onlyWaits) {
      if (perSecond !== undefined) this.cancel(() => undefined, nowMs);
      return;
    }
    this.#refused += this.#waiting;
    this.#queue.host.timers.unschedule(this);
    this.#finish();
  }

  #putBack({ message, transfer }: Moving, nowMs: number): void {
    const { dependents, expiry } = this.#queue;
    transfer.giveBack(nowMs);
    if (dependents.isWaiting(message) && !expiry.isOver(message, nowMs)) dependents.release(message, nowMs);
    else restoreMessage(this.#queue, message, nowMs);
  }

  #finish(): void {
    this.state = "done";
    this.#stuck.clear();
    this.#stuckWaiting.clear();
    this.#queue.note(this.#rows(0)); // it ends again after a restart
  }

  /** What is handed over is tried again. (V6) */
  #leaveBehind(nowMs: number): void {
    if (this.#is.to !== this.#queue.name) this.#queue.dependents.failBehindMoved(nowMs);
  }

  #rows(moving: number, state?: Redrive["state"]): Operation[] {
    const { durable, host, id } = this.#queue;
    return durable ? [host.tables.putMove(id, this.number, this.record(moving, state))] : [];
  }
}

/** Nothing of its group goes any more that is behind it. (V2) */
function stick(stuck: Map<string, number>, { group, sequence }: Message): void {
  if (group !== undefined && !isStuck(stuck, { group, sequence })) stuck.set(group, sequence);
}

function isStuck(
  stuck: ReadonlyMap<string, number>,
  { group, sequence }: Pick<Message, "group" | "sequence">,
): boolean {
  return group !== undefined && (stuck.get(group) ?? Infinity) <= sequence;
}
