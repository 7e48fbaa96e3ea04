/**
 * Dropping: the oldest messages of a queue that is full make room for newer ones (`drop-oldest`).
 *
 * Owns who makes room for whom. How much there is is `Room`'s (`intake.ts`).
 *
 * (R1) The oldest go first; what is leased, or waits for others, stays. What is on its way to the disk is younger than all that is there, and goes in the
 *      same way: its sender is told that it was sent, as it was.
 * (R2) A message is gone by the batch of the one that takes its room, which is behind its own: the queue has never more than it may.
 * (R3) If the one that takes the room is refused, the other stays; unless somebody else has that room by then, to whom it was given on, or who found it free.
 * (R4) What a crash has left of too much (of that last case only) makes room at the next start.
 */
import type { Operation } from "../../journal/index.js";
import type { Room, Taker } from "./intake.js";
import type { Leaving } from "../figures.js";
import type { Log } from "../message/log.js";
import { type Message, entriesOf, isFree } from "../message/message.js";
import { type RestoringQueue, restoreMessage } from "../leaving/restoring.js";
import type { QueueSettings } from "../types.js";

/** What dropping needs of its queue. */
export interface DroppingQueue extends RestoringQueue {
  readonly name: string;
  readonly settings: QueueSettings;
  readonly room: Room;
  readonly log: Log;
  readonly dependents: { stays(message: Message): void };
  dropping: Dropping | undefined;
  undoneOf(message: Message): Operation[];
  note(operations: readonly Operation[]): void;
  remove(message: Message, how: Leaving, nowMs: number): void;
}

export class Dropping {
  readonly #queue: DroppingQueue;
  /** Whose room was taken already, and by whom. */
  readonly #takers = new Map<Message, Taker>();
  /** On their way to the disk, in their order: those that may make room. */
  #coming = new Set<Message>();
  /** Where the search for the oldest begins. */
  #from = 0;

  constructor(queue: DroppingQueue) {
    this.#queue = queue;
  }

  /** Whether its room was taken already. */
  isLeaving(message: Message): boolean {
    return this.#takers.has(message);
  }

  /** An entry of it is nobody's any more. Where somebody has another one it makes no room yet, and the search need not pass all that is leased again. */
  freed(message: Message): void {
    if (message.sequence < this.#from && isFree(message)) this.#from = message.sequence;
  }

  /** A message is on its way to the disk. */
  comes(message: Message): void {
    if (message.marks?.after === undefined) this.#coming.add(message); // (R1)
  }

  /** The oldest that can settle, until there is room for `bytes`. Throws where there can be none; nothing has happened then. */
  makeRoom(bytes: number, nowMs: number): Taker {
    const { room, settings, name } = this.#queue;
    const victims: Message[] = [];
    const taker: Taker = { victims };
    if (bytes <= settings.bytesMax) {
      this.#takeThere(taker, victims, bytes);
      this.#takeComing(taker, victims, bytes);
      if (room.has(settings, bytes)) return taker;
      this.#restore(taker, nowMs, true);
    }
    throw room.full(name, settings, bytes);
  }

  /** What has taken the room of others is on the disk. */
  taken(message: Message, taker: Taker | undefined, nowMs: number): void {
    this.#coming.delete(message);
    for (const victim of taker?.victims ?? []) this.#queue.remove(victim, "dropped", nowMs);
  }

  /** It was refused, and so was what it had taken room by. Of several that were refused together the last one comes first. */
  refused(message: Message, own: Taker | undefined, nowMs: number): void {
    this.#coming.delete(message);
    const isGivenOn = this.#takers.delete(message);
    if (!isGivenOn) this.#queue.room.giveBack(message.bytes);
    if (own === undefined) return;
    if (!isGivenOn) return this.#restore(own, nowMs);
    for (const victim of own.victims) if (this.#takers.get(victim) === own) this.#drop(victim, nowMs); // (R3)
  }

  /** A message has left; answers whether its room is another's already. */
  left(message: Message): boolean {
    return this.#takers.delete(message);
  }

  /** What there is too much goes. (R4) */
  trim(nowMs: number): void {
    const { room, settings, log } = this.#queue;
    for (let at = -1; room.messages > settings.messagesMax || room.bytes > settings.bytesMax;) {
      const message = log.after(at);
      if (message === undefined) return;
      at = message.sequence;
      if (isFree(message)) this.#drop(message, nowMs);
    }
  }

  #takeThere(taker: Taker, victims: Message[], bytes: number): void {
    const { room, settings, log } = this.#queue;
    let at = this.#from - 1;
    let isAtStart = true;
    while (!room.has(settings, bytes)) {
      const message = log.after(at);
      if (message === undefined) return;
      at = message.sequence;
      // of a subscription that has just ended an entry does not settle, and its message would give its room twice
      if (isFree(message) && !this.#takers.has(message)) {
        for (const entry of entriesOf(message)) this.#queue.laneOf(entry)?.settle(entry);
        this.#take(message, taker);
        victims.push(message);
      }
      if (isAtStart) this.#from = at;
      isAtStart = victims.length === 0;
    }
  }

  #takeComing(taker: Taker, victims: Message[], bytes: number): void {
    const { room, settings } = this.#queue;
    for (const message of this.#coming) {
      if (room.has(settings, bytes)) return;
      this.#coming.delete(message);
      this.#take(message, taker);
      victims.push(message);
    }
  }

  #take(message: Message, taker: Taker): void {
    this.#queue.room.giveBack(message.bytes);
    this.#takers.set(message, taker);
  }

  /** What has made room stays, the newest first; what others have taken of that room meanwhile is theirs, unless `none` can have. */
  #restore(taker: Taker, nowMs: number, none: boolean = false): void {
    const { room, settings, log } = this.#queue;
    const coming: Message[] = [];
    for (const victim of taker.victims.toReversed()) {
      if (this.#takers.get(victim) !== taker) continue; // gone meanwhile
      const isThere = log.get(victim.sequence) === victim;
      if (!isThere) coming.push(victim);
      else if (none || room.has(settings, victim.bytes)) {
        this.#stays(victim);
        restoreMessage(this.#queue, victim, nowMs);
      } else this.#drop(victim, nowMs);
    }
    if (coming.length === 0) return;
    for (const victim of coming) this.#stays(victim);
    this.#coming = new Set([...coming, ...this.#coming].sort((a, b) => a.sequence - b.sequence));
  }

  #stays(victim: Message): void {
    this.#takers.delete(victim);
    this.#queue.dependents.stays(victim);
    this.#queue.room.take(victim.bytes);
    this.#from = Math.min(this.#from, victim.sequence);
  }

  #drop(message: Message, nowMs: number): void {
    this.#queue.note(this.#queue.undoneOf(message)); // refused, it is there again after a restart, and there may be too much (R4)
    this.#queue.remove(message, "dropped", nowMs);
  }
}

/** Made with the first message that may have to make room. */
export function droppingOf(queue: DroppingQueue): Dropping {
  return (queue.dropping ??= new Dropping(queue));
}
