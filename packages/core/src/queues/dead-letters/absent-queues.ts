/**
 * Absent queues: those that messages of a redrive are for, and that cannot take them just now: no node is known to have the queue, as
 * when this node has just started and has met nobody yet, or the spool has no room.
 *
 * (A1) A queue that no node was known to have for ten minutes is not waited for any more, unless it is seen again.
 *      One that is known to be deleted never is.
 * (A2) Whether it is there now is asked with a bounded backoff; nothing else is looked at meanwhile.
 */
import type { QueueHost } from "../host.js";
import type { Redrive } from "../types.js";

/** (A1) As long as a queue that hands over waits for the other one. */
const unknownMsMax = 600_000;
/** (A2) */
const againMsMin = 200;
const againMsMax = 5_000;
const toldMax = 10;

export class AbsentQueues {
  readonly #host: Pick<QueueHost, "find" | "courier">;
  /** Since when each was looked for in vain; `-Infinity`: it is not waited for any more. */
  readonly #sinceMs = new Map<string, number>();
  /** Those for which the spool had no room, and what it has said. */
  readonly #noRoom = new Map<string, string>();
  #waits = 0;

  constructor(host: Pick<QueueHost, "find" | "courier">) {
    this.#host = host;
  }

  /** It is not known just now; answers whether it is waited for. (A1) */
  isAwaited(queue: string, nowMs: number): boolean {
    if (this.#isGone(queue)) return false;
    const sinceMs = this.#sinceMs.get(queue) ?? nowMs;
    const isOver = nowMs - sinceMs >= unknownMsMax;
    this.#sinceMs.set(queue, isOver ? -Infinity : sinceMs);
    return !isOver;
  }

  /** It is known. */
  seen(queue: string): void {
    this.#sinceMs.delete(queue);
  }

  /** What hands messages on to it has no room. */
  hasNoRoom(queue: string, why: string): void {
    this.#noRoom.set(queue, why);
  }

  /** What is waited for, as far as it is told. */
  list(): Redrive["waitingFor"] {
    const why = "no node is known to have it just now";
    const all = [...this.#sinceMs].filter(([, sinceMs]) => sinceMs !== -Infinity).map(([queue]) => ({ queue, why }));
    for (const [queue, full] of this.#noRoom) all.push({ queue, why: full });
    return all.slice(0, toldMax);
  }

  /** Something was moved: what comes next is waited for anew. */
  moved(): void {
    this.#waits = 0;
  }

  /** For how long nothing is to be asked, in ms. (A2) */
  waitMs(): number {
    this.#waits += 1;
    return Math.min(againMsMax, againMsMin * 2 ** Math.min(this.#waits - 1, 20));
  }

  /** Whether messages that wait are to be looked at again: their queue is seen, or is not waited for any more. */
  isOver(nowMs: number): boolean {
    if (this.#noRoom.size > 0) {
      this.#noRoom.clear();
      return true;
    }
    for (const [queue, sinceMs] of this.#sinceMs) {
      if (sinceMs === -Infinity) {
        if (this.#host.find(queue) !== undefined) return true;
      } else if (this.#host.find(queue) !== undefined || this.#isGone(queue) || nowMs - sinceMs >= unknownMsMax)
        return true;
    }
    return false;
  }

  /** Whether nobody will have it: it was deleted, or there are no other nodes. */
  #isGone(queue: string): boolean {
    const { courier } = this.#host;
    if (courier !== undefined && courier.whereIs(queue) !== "gone") return false;
    this.#sinceMs.delete(queue);
    return true;
  }
}
