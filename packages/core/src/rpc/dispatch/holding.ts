/**
 * Holding: steps that wait until the link to the only nodes that offer them has room.
 *
 * (L1) They leave in the order in which they came, as many as there is room for.
 * (L2) They are bounded in number on each link.
 */
import { MpregError } from "../../base/index.js";
import type { Offer } from "../../catalog/index.js";
import { valueBytes } from "./sending.js";
import { type Channel, type Peer, type Placing, type Task, waiting } from "../task.js";

export class Holding {
  readonly #placing: Placing;
  readonly #max: number;
  /** Links that had no room for a step. */
  readonly #full = new Set<Channel>();

  constructor(placing: Placing, max: number) {
    this.#placing = placing;
    this.#max = max;
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const channel of this.#full) size += channel.held.size;
    return size;
  }

  /** Lets the task wait; answers why it cannot. (L2) */
  add(task: Task, offer: Offer<Peer>, channel: Channel): MpregError | undefined {
    if (channel.held.size >= this.#max) {
      const { outbox } = channel.link;
      const message = `Cannot send to node "${offer.owner.name}": ${outbox.queuedBytes} bytes and ${channel.held.size} steps wait for it already`;
      return new MpregError("overloaded", message);
    }
    task.place = { kind: "held", channel };
    channel.held.add(task);
    this.#full.add(channel);
    return undefined;
  }

  /** The task does not wait any more. */
  remove(task: Task, channel: Channel): void {
    channel.held.delete(task);
    if (channel.held.size === 0) this.#full.delete(channel);
  }

  /** Lets those go on whose links have room again. */
  retry(nowMs: number): void {
    if (this.#full.size === 0) return;
    for (const channel of [...this.#full]) {
      const [oldest] = channel.held;
      if (oldest === undefined || channel.link.outbox.hasRoomFor(valueBytes(oldest))) this.release(channel, nowMs);
    }
  }

  /** Lets all go on that wait for the link: it has room, or is gone. */
  release(channel: Channel, nowMs: number): void {
    this.#full.delete(channel);
    const held = [...channel.held];
    channel.held.clear();
    for (const task of held) {
      if (task.place.kind !== "held") continue; // its owner has dropped it meanwhile
      if (channel.held.size > 0) {
        channel.held.add(task); // full again: the rest keeps its order (L1)
        continue;
      }
      task.place = waiting;
      task.excluded = task.barred && new Set(task.barred);
      this.#placing.place(task, nowMs);
    }
  }
}
