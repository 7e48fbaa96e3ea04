/**
 * Transfers: what is fetched over links in one direction, by the reader's number of it.
 *
 * (T1) A link knows how many there are of it: one over which something is fetched is not idle.
 */
import type { Channel } from "../task.js";

export class Transfers<T> {
  readonly #byChannel = new Map<Channel, Map<number, T>>();

  get(channel: Channel, id: number): T | undefined {
    return this.#byChannel.get(channel)?.get(id);
  }

  has(channel: Channel, id: number): boolean {
    return this.#byChannel.get(channel)?.has(id) === true;
  }

  set(channel: Channel, id: number, transfer: T): void {
    let transfers = this.#byChannel.get(channel);
    if (transfers === undefined) this.#byChannel.set(channel, (transfers = new Map<number, T>()));
    transfers.set(id, transfer);
    channel.transfers += 1; // (T1)
  }

  take(channel: Channel, id: number): T | undefined {
    const transfers = this.#byChannel.get(channel);
    const transfer = transfers?.get(id);
    if (transfers === undefined || transfer === undefined) return undefined;
    transfers.delete(id);
    channel.transfers -= 1;
    if (transfers.size === 0) this.#byChannel.delete(channel);
    return transfer;
  }

  takeAll(channel: Channel): readonly T[] {
    const all = [...(this.#byChannel.get(channel)?.values() ?? [])];
    this.#byChannel.delete(channel);
    channel.transfers -= all.length;
    return all;
  }
}
