/**
 * Keys in hand: of the messages of a lane that have the same idempotency key, one is leased at a time.
 *
 * (K1) A message whose key another one has is put aside until that is acknowledged, and this one with it, or back.
 * (K2) While a key is free, nothing waits for it in vain: whenever it gets free, and whenever a message with it leaves while it is, one is called.
 * (K3) The oldest is called: of a FIFO group one that is behind another that waits could not come.
 */
import { type Entry, isBefore } from "../message/message.js";

export class KeysInHand {
  /** What is leased, or on its way to an end of that. */
  readonly #holders = new Map<string, Entry>();
  readonly #aside = new Map<string, Entry[]>();

  /** The entry, which is about to be leased, has its key; answers whether it can, else it waits. (K1) */
  take(key: string, entry: Entry): boolean {
    const holder = this.#holders.get(key);
    if (holder === undefined || holder === entry) {
      this.#holders.set(key, entry);
      return true;
    }
    const aside = this.#aside.get(key);
    if (aside === undefined) this.#aside.set(key, [entry]);
    else insert(aside, entry);
    return false;
  }

  /** The lease of the entry has ended, or it leaves; answers who is called. (K2, K3) */
  free(key: string, entry: Entry): Entry | undefined {
    const holder = this.#holders.get(key);
    if (holder === entry) this.#holders.delete(key);
    else if (holder !== undefined) return undefined;
    const aside = this.#aside.get(key);
    for (let next = aside?.shift(); next !== undefined; next = aside?.shift()) {
      if (aside?.length === 0) this.#aside.delete(key);
      if (next !== entry && isAside(next)) return next; // its own end is about to be set
    }
    return undefined;
  }
}

/** What is leaving, or has left, is called by nobody: if it stays after all, it is available. */
function isAside({ state, lease }: Entry): boolean {
  return state === "delayed" && lease !== undefined && lease.heapIndex < 0; // what has an end of its delay is set
}

/** In their order, each once. (K3) */
function insert(aside: Entry[], entry: Entry): void {
  let at = aside.length;
  while (at > 0 && isBefore(entry, aside[at - 1] as Entry)) at -= 1;
  if (aside[at - 1] !== entry) aside.splice(at, 0, entry);
}
