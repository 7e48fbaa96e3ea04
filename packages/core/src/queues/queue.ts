/**
 * Queue: the messages of one queue, the lanes that have them, and when each is done.
 *
 * Owns what a message goes through, from `admit` to `remove`. What comes in is prepared by `sending.ts`; leases are the lanes'
 * (`lane.ts`), what can never be done `dead-letters.ts`'s, changes of its settings and lanes `changes.ts`'s; operations come from `queues.ts`.
 *
 * (Q1) A message is told to be sent, and can be received, once it is on the disk; it is told to be acknowledged once that is.
 * (Q2) A message that is done, expired, moved, dropped or purged is in no lane any more, and never will be again.
 * (Q3) A lane that cannot do with a message has given it up; a message is done when as many as wanted have acknowledged it.
 * (Q4) What some subscription of a broadcast queue has acknowledged is done where its time is over for the others, whichever of them is last.
 */
import { MpregError, quoted } from "../base/index.js";
import type { Operation } from "../journal/index.js";
import { Attempts } from "./leases/attempts.js";
import { Changes } from "./settings/changes.js";
import { deadLetterOf, waitsForDying } from "./dead-letters/dead-letters.js";
import { Delaying } from "./message/delaying.js";
import { Dependents } from "./after/dependents.js";
import type { Dropping } from "./sending/dropping.js";
import { Expiry } from "./leaving/expiry.js";
import { Failing } from "./dead-letters/failing.js";
import { Feeding } from "./sources/feeding.js";
import { Figures, type Leaving } from "./figures.js";
import { GivingUp } from "./leaving/giving-up.js";
import type { QueueHost } from "./host.js";
import { Room, type Prepared } from "./sending/intake.js";
import { Lane } from "./leases/lane.js";
import { laneHostOf } from "./leases/lane-host.js";
import { LeaseNotes } from "./leases/lease-notes.js";
import { Log } from "./message/log.js";
import { Entry, type Message, entriesOf, isSettling } from "./message/message.js";
import { orderOf } from "./order/order-of.js";
import { Pace } from "./leases/rate.js";
import { type OlderOwner, type QueueIdentity, type QueueRecord, recordOf } from "./store/record.js";
import { base36 } from "./leases/receipt.js";
import { Redriving } from "./dead-letters/redriving.js";
import { retryDelay } from "./leases/retry.js";
import { Results } from "./outcomes/results.js";
import { Scheduling } from "./sources/scheduling.js";
import { failedLane, messageKey, tableNames } from "./store/tables.js";
import { sleeps, waken } from "./message/sleeping.js";
import { tellEntry, tellLeft } from "./outcomes/telling.js";
import type { DeathReason, QueueSettings } from "./types.js";
import { Window } from "./sending/window.js";
import { Wiping } from "./leaving/wiping.js";
import type { WriteEnd } from "./store/writes.js";

/** How a lane is through with a message. */
type Over = "acknowledged" | "given-up" | "expired";

const sequencesAhead = 100_000;

export class Queue {
  readonly name: string;
  readonly id: number;
  readonly createdMs: number;
  readonly host: QueueHost;
  readonly log: Log = new Log((sequence, slept, bedroom) => waken(this, sequence, slept, bedroom));
  readonly room: Room = new Room();
  readonly figures: Figures = new Figures();
  readonly lanes: Map<string, Lane> = new Map<string, Lane>();
  readonly ids: Map<string, Message> = new Map<string, Message>();
  readonly dedup: Window = new Window();
  readonly keys: Window = new Window();
  readonly expiry: Expiry;
  readonly dependents: Dependents;
  settings: QueueSettings;
  yieldedTo: OlderOwner | undefined; // the node of an older one of its name, to which it hands over what it has
  lanesMade = 0;
  nextSequence = 1;
  /** See {@link promised}. */
  #promised = 0;
  #failing: Failing | undefined;
  #wiping: Wiping | undefined;
  #redriving: Redriving | undefined;
  #changes: Changes | undefined;
  #delaying: Delaying | undefined;
  #leaseNotes: LeaseNotes | undefined;
  #feeding: Feeding | undefined;
  #scheduling: Scheduling | undefined;
  #results: Results | undefined;
  #attempts: Attempts | undefined;
  #givingUp: Set<GivingUp> | undefined;
  /** Where messages make room for others. */
  dropping: Dropping | undefined;
  readonly #pace = new Pace();
  readonly #serve: (queue: Queue, lane: Lane, nowMs: number) => void;

  /** `serve` gives what there is to those who wait. */
  constructor(host: QueueHost, is: QueueIdentity, serve: (queue: Queue, lane: Lane, nowMs: number) => void) {
    this.host = host;
    this.#serve = serve;
    this.name = is.name;
    this.id = is.id;
    this.settings = is.settings;
    this.createdMs = is.createdMs;
    this.expiry = new Expiry(this);
    this.dependents = new Dependents(this);
  }

  /** Made when it is first asked for: few queues have dead letters that go back. */
  get redriving(): Redriving {
    return (this.#redriving ??= new Redriving(this));
  }

  /** What of it is purged or deleted; `undefined` where nothing ever was. */
  get wiping(): Wiping | undefined {
    return this.#wiping;
  }

  /** What was sent before this sequence is being purged, or was; with the deletion of the queue everything. */
  get purgedBefore(): number {
    return this.#wiping?.before ?? 0;
  }

  /** All before that sequence is about to go; answers how to say whether it has. */
  wipe(before: number): (isDone: boolean) => void {
    const wiping = (this.#wiping ??= new Wiping());
    wiping.begin(before);
    return (isDone) => {
      wiping.end(before, isDone);
    };
  }

  /** Made with the first that sleeps until its delay is over. */
  get delaying(): Delaying {
    return (this.#delaying ??= new Delaying(this));
  }

  get leaseNotes(): LeaseNotes {
    return (this.#leaseNotes ??= new LeaseNotes(this));
  }

  /** Made with the first message that asks for it, or who asks. */
  get results(): Results {
    return (this.#results ??= new Results(this));
  }

  get attempts(): Attempts {
    return (this.#attempts ??= new Attempts(this));
  }

  get changes(): Changes {
    return (this.#changes ??= new Changes(this));
  }

  /** Made for a queue that topics feed. */
  get feeding(): Feeding {
    return (this.#feeding ??= new Feeding(this));
  }

  get scheduling(): Scheduling {
    return (this.#scheduling ??= new Scheduling(this));
  }

  /** Throws where nothing can be done with it: it is being deleted, or its store has failed. */
  checkUsable(): void {
    // what is written behind the deletion would be there when another queue has its number
    if (this.purgedBefore === Infinity)
      throw new MpregError("unknown-queue", `Queue ${quoted(this.name)} is being deleted`);
    if (this.durable && this.host.writes.frozen !== undefined) throw this.host.writes.frozen;
  }

  get durable(): boolean {
    return this.settings.durable;
  }

  /** Whether each subscription has a lane of its own. */
  get hasSubscriptions(): boolean {
    const { kind } = this.settings.guarantee;
    return kind === "broadcast" || kind === "quorum";
  }

  /** Does what is due by now, whether or not a timer has said so. */
  advance(nowMs: number): void {
    for (const lane of this.lanes.values()) lane.advance(nowMs);
    this.#delaying?.advance(nowMs);
    this.expiry.advance(nowMs);
  }

  // Lanes

  addLane(name: string, number: number, fromSequence: number): Lane {
    const host = laneHostOf(this, this.#pace, (lane, nowMs) => {
      this.#serve(this, lane, nowMs);
    });
    const wake = (sequence: number): void => this.log.wakeInLine(sequence);
    const lane = new Lane(host, orderOf(host.settings, wake), { number, name, fromSequence });
    this.lanes.set(name, lane);
    this.lanesMade = Math.max(this.lanesMade, number + 1);
    return lane;
  }

  /** A subscription is over: its receipts do nothing any more, and it gives up all that it had. */
  removeLane(lane: Lane, nowMs: number): void {
    this.lanes.delete(lane.name);
    lane.close();
    const givingUp = new GivingUp(this, lane, () => this.#givingUp?.delete(givingUp));
    (this.#givingUp ??= new Set()).add(givingUp);
    this.host.writes.after((at) => {
      givingUp.onDue(at);
    }, nowMs);
  }

  laneOf(of: { readonly lane: number }): Lane | undefined {
    if (!this.hasSubscriptions) return this.lanes.get("");
    for (const lane of this.lanes.values()) if (lane.number === of.lane) return lane;
    return undefined;
  }

  /** Those who wait get what there is for them. */
  serve(nowMs: number): void {
    for (const lane of this.lanes.values()) {
      if (lane.waiters.size === 0) continue;
      this.#serve(this, lane, nowMs);
      lane.arm(nowMs);
    }
  }

  // Writing

  /** Does `end` once the operations are on the disk; at once, where there are none. (Q1) */
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void {
    if (operations.length === 0) end.done(nowMs);
    else this.host.writes.write(operations, end);
  }

  /** Writes what nobody waits for: if it is refused, it is done again after a restart, as told beside each. */
  note(operations: readonly Operation[]): void {
    if (this.durable && operations.length > 0) this.host.writes.write(operations, noEnd);
  }

  record(changes: Partial<QueueRecord> = {}): QueueRecord {
    return { ...recordOf(this), ...changes };
  }

  /** Sequences from `sequences` on were never given to a message: that is on the disk. */
  promised(sequences: number): void {
    this.#promised = Math.max(this.#promised, sequences);
  }

  /**
   * What has to be promised with a message of that sequence, in the same batch, so that its sequence is not used again after a crash, whatever becomes of
   * the message; `undefined` where that is promised already.
   */
  promiseFor(sequence: number): number | undefined {
    return this.durable && sequence >= this.#promised ? sequence + sequencesAhead : undefined;
  }

  deletesOf(message: Message): Operation[] {
    if (!this.durable) return [];
    const { sequence, entries } = message;
    const lease = entries instanceof Entry && entries.lease?.isWritten === true;
    const lanes = this.hasSubscriptions || message.marks?.after !== undefined;
    return this.host.tables.deleteMessage(this.id, sequence, { lanes, lease });
  }

  /** The same of one that was done. */
  doneOf(message: Message): Operation[] {
    const operations = this.deletesOf(message);
    operations.push(...this.dependents.doneOf(message));
    return operations;
  }

  /** The same of one that was not done: those that wait for it never can be. */
  undoneOf(message: Message): Operation[] {
    return [...this.deletesOf(message), ...this.dependents.undoneOf(message)];
  }

  /** Whether it is about to be dropped or purged. */
  isLeaving(message: Message): boolean {
    return this.dropping?.isLeaving(message) === true || this.#wiping?.isUnderWay(message.sequence) === true;
  }

  forgetFailed({ sequence }: Message): void {
    if (this.durable) this.note([this.host.tables.deleteRow("acks", this.id, { sequence, lane: failedLane })]);
  }

  // Messages

  /** A message is in the queue. Its room and its ids were reserved before. */
  admit({ message, delayMs }: Prepared, nowMs: number): void {
    const makesRoom = this.dropping?.isLeaving(message) === true;
    if (!makesRoom && sleeps(this, message, delayMs, nowMs)) {
      this.expiry.watch(message);
      return;
    }
    this.keepContent(message);
    const lanes: Lane[] = [];
    const entries: Entry[] = [];
    for (const lane of this.lanes.values()) {
      if (lane.fromSequence > message.sequence) continue;
      lanes.push(lane);
      entries.push(new Entry(message, lane.number));
    }
    message.entries = entries.length === 1 ? entries[0] : entries;
    if (this.settings.guarantee.kind === "broadcast") message.wanted = entries.length;
    this.log.add(message);
    this.expiry.watch(message);
    const waits = this.dependents.isWaiting(message);
    for (const [at, lane] of lanes.entries()) {
      const entry = entries[at] as Entry;
      if (waits) lane.hold(entry);
      else lane.enter(entry, delayMs, nowMs);
      if (makesRoom) lane.settle(entry); // until that is on the disk, too
    }
    if (waits) this.dependents.came(message, nowMs);
    if (entries.length < message.wanted || message.wanted === 0) this.fail(message, "no-quorum", nowMs);
  }

  /** Whether a message's content stays in memory: where it lies in the store, too, only as far as there is room. */
  keepContent(message: Message): void {
    if (!this.durable) return;
    const { bodies, limits } = this.host;
    if (bodies.held + message.bytes > limits.bodiesBytesMax) message.content = undefined;
    else bodies.held += message.bytes;
  }

  /** A message's content, wherever it lies; `undefined` where its row is gone. */
  contentOf(message: Message): Uint8Array | undefined {
    return message.content ?? this.storedContent(message.sequence);
  }

  storedContent(sequence: number): Uint8Array | undefined {
    return this.host.writes.store?.get(tableNames.messages, messageKey(this.id, sequence));
  }

  /** A lane is through with an entry. (Q3) */
  over(entry: Entry, lane: Lane | undefined, how: Over, nowMs: number): void {
    const { message } = entry;
    if (entry.state === "gone" || message.wanted === 0) return;
    lane?.leave(entry);
    entry.state = "gone";
    const isQuorum = this.settings.guarantee.kind === "quorum";
    if (how === "acknowledged" || !isQuorum) message.wanted -= 1;
    if (how === "acknowledged") {
      message.isAcknowledged = true;
      this.figures.acknowledged += 1;
      tellEntry(this, entry, "acknowledged", nowMs, lane?.name);
      lane?.acknowledged.add(message.sequence);
    }
    if (message.wanted === 0) {
      const isUndone = how === "expired" && !message.isAcknowledged; // (Q4)
      const operations = isUndone ? this.undoneOf(message) : this.doneOf(message);
      if (this.hasSubscriptions) this.note(operations); // done again when it is counted after a restart
      this.remove(
        message,
        isUndone ? "expired" : how === "given-up" && !this.hasSubscriptions ? "abandoned" : "done",
        nowMs,
      );
      return;
    }
    const left = entriesOf(message).filter(({ state }) => state !== "gone").length;
    if (left < message.wanted && how === "expired") {
      this.note(this.undoneOf(message)); // it expires again after a restart
      this.remove(message, "expired", nowMs);
      return;
    }
    this.dropping?.freed(message);
    if (this.#failing?.has(message) === true) return;
    const isOfLane = this.laneOf(entry) !== undefined; // else that it has no lane any more says it after a restart, too
    if (this.durable && isOfLane && how !== "acknowledged") {
      this.note([this.host.tables.putAck(this.id, entry, false)]);
    }
    if (left < message.wanted) this.fail(message, "no-quorum", nowMs);
  }

  /** The message is gone. (Q2) */
  remove(message: Message, how: Leaving, nowMs: number): void {
    if (this.log.get(message.sequence) !== message) return;
    message.wanted = 0;
    for (const entry of entriesOf(message)) {
      this.laneOf(entry)?.leave(entry);
      entry.state = "gone";
    }
    this.log.remove(message);
    if (this.dropping?.left(message) !== true) this.room.giveBack(message.bytes);
    if (this.durable && message.content !== undefined) this.host.bodies.held -= message.bytes;
    const id = message.marks?.id;
    if (id !== undefined) this.ids.delete(id);
    this.expiry.forget(message);
    this.#failing?.forget(message);
    this.figures.left(how);
    tellLeft(this, message, how, nowMs);
    const results = message.marks?.keepResult === true ? this.results : this.#results;
    if (how === "done") results?.done(message, nowMs);
    else results?.undone(message, how, nowMs);
    this.dependents.gone(message, how === "done" ? "done" : how === "redriven" ? "moved" : "undone", nowMs);
  }

  /** A lease has ended without an acknowledgement; its entry is settling. */
  leaseOver(entry: Entry, delayMs: number | undefined, nowMs: number): void {
    const lane = this.laneOf(entry);
    const lease = entry.lease;
    if (lane === undefined || lease === undefined || !isSettling(entry.state)) return;
    if (this.expiry.isOver(entry.message, nowMs)) {
      this.expireEntry(entry, nowMs);
      return;
    }
    const { maxReceives } = this.settings;
    const { random } = this.host;
    if (maxReceives === undefined || lease.receives < maxReceives) {
      const waitMs = delayMs ?? retryDelay(this.settings.retry, lease.receives, random);
      if (this.durable && delayMs === undefined && waitMs > 0) this.leaseNotes.add(lease, nowMs); // it goes on after a crash
      lane.putBack(entry, waitMs, nowMs);
    } else if (this.settings.guarantee.kind === "quorum") this.over(entry, lane, "given-up", nowMs);
    else deadLetterOf(this, { entry, lane, lease }, nowMs);
  }

  expireEntry(entry: Entry, nowMs: number): void {
    const again = (at: number): void => {
      this.expireEntry(entry, at);
    };
    if (waitsForDying(this, entry, again, nowMs)) return;
    if (!this.hasSubscriptions) this.note(this.undoneOf(entry.message)); // it expires again after a restart
    this.over(entry, this.laneOf(entry), "expired", nowMs);
  }

  forgetWindow(table: "dedup" | "keys", key: string): void {
    this.note([this.host.tables.deleteWindow(table, this.id, key)]); // over after a restart, too
  }

  /** A message can never be done: it becomes a dead letter where there is a queue for such. */
  fail(message: Message, reason: DeathReason, nowMs: number): void {
    if (this.log.get(message.sequence) !== message) return; // gone already, with its rows: its time was over as it came back (Q2)
    if (this.#failing?.has(message) === true) return; // a row behind those that delete it would be left
    if (reason === "after-failed" && this.durable) this.note([this.host.tables.putFailed(this.id, message.sequence)]); // it came while the other was on its way out
    (this.#failing ??= new Failing(this)).add(message, reason, nowMs);
  }

  /** The time of what fails is over; answers whether it is that. */
  expireFailing(message: Message, nowMs: number): boolean {
    return this.#failing?.expire(message, nowMs) === true;
  }

  idOf(message: Message): string {
    return message.marks?.id ?? this.madeId(message.sequence);
  }

  /** The id of a message that was sent without one. */
  madeId(sequence: number): string {
    return `~${base36(this.id)}.${base36(sequence)}`;
  }

  /** What an acknowledgement of the entry is remembered by, where its message has an idempotency key: each subscription has its own. */
  keyOf({ message, lane }: Entry): string | undefined {
    const key = message.marks?.key;
    return key === undefined || !this.hasSubscriptions ? key : `${lane}\u0000${key}`;
  }

  /** The message of that id, if it is here. */
  byId(id: string): Message | undefined {
    if (!id.startsWith("~")) return this.ids.get(id);
    const [queue, sequence] = id.slice(1).split(".");
    const made = queue === this.id.toString(36) ? this.log.get(Number.parseInt(sequence ?? "", 36)) : undefined;
    return made !== undefined && made.marks?.id === undefined ? made : this.ids.get(id);
  }

  /** It is about to be closed, in order: what it has put off to write it writes. */
  leave(nowMs: number): void {
    if (this.durable && this.host.writes.frozen === undefined) this.#leaseNotes?.leave(nowMs);
  }

  /** It is gone, with all that it had. */
  deleted(): void {
    this.#results?.deleted();
    this.close(new MpregError("unknown-queue", `Queue ${quoted(this.name)} was deleted`));
  }

  /** Its timers are taken back, and who waits is told. */
  close(error: MpregError): void {
    for (const lane of this.lanes.values()) {
      for (let waiter = lane.waiters.first; waiter !== undefined; waiter = lane.waiters.first) waiter.fail(error);
      lane.close();
    }
    for (const each of this.#givingUp ?? []) each.close();
    this.expiry.close();
    this.#delaying?.close();
    this.#failing?.close();
    this.#redriving?.close();
    this.#leaseNotes?.close();
    this.#attempts?.close();
    this.#scheduling?.close(error);
    this.#changes?.close(error);
    this.#results?.close(error);
    for (
      let message = this.log.awakeAfter(-1);
      message !== undefined;
      message = this.log.awakeAfter(message.sequence)
    ) {
      if (this.durable && message.content !== undefined) this.host.bodies.held -= message.bytes;
      for (const entry of entriesOf(message)) entry.state = "gone"; // what is on its way to the disk finds nothing to go on with (Q2)
    }
  }
}

const noEnd: WriteEnd = { done: () => undefined, failed: () => undefined };
