/**
 * Giving up: a subscription is over, and its queue does without it. Each message that it had is looked at, some at a time.
 *
 * (U1) Until its turn comes, a message waits for the subscription as before, and nobody has it for that. After a crash it does not: there is no such lane.
 */
import type { DueItem } from "../../base/index.js";
import type { Lane } from "../leases/lane.js";
import type { Log } from "../message/log.js";
import { type Entry, entriesOf } from "../message/message.js";
import type { QueueHost } from "../host.js";

/** How many messages are looked at in one turn of the node. */
const turnMessagesMax = 1_000;

/** What it needs of its queue. */
export interface GivingUpQueue {
  readonly host: QueueHost;
  readonly log: Log;
  over(entry: Entry, lane: Lane, how: "given-up", nowMs: number): void;
  serve(nowMs: number): void;
}

export class GivingUp implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: GivingUpQueue;
  readonly #lane: Lane;
  readonly #over: (givingUp: GivingUp) => void;
  #at = -1;
  #isClosed = false;

  /** `over` is told when it has none left. What the subscription has acknowledged before, and is on its way to the disk, counts. */
  constructor(queue: GivingUpQueue, lane: Lane, over: (givingUp: GivingUp) => void) {
    this.#queue = queue;
    this.#lane = lane;
    this.#over = over;
  }

  onDue(nowMs: number): void {
    if (this.#isClosed) return;
    const { log, host } = this.#queue;
    for (let turn = 0; turn < turnMessagesMax; turn++) {
      const message = log.after(this.#at);
      if (message === undefined) {
        this.#queue.serve(nowMs);
        this.#over(this);
        return;
      }
      this.#at = message.sequence;
      const entry = entriesOf(message).find((each) => each.lane === this.#lane.number);
      if (entry !== undefined && entry.state !== "gone") this.#queue.over(entry, this.#lane, "given-up", nowMs);
    }
    host.timers.schedule(this, nowMs + 1); // others have their turn
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.host.timers.unschedule(this);
  }
}
