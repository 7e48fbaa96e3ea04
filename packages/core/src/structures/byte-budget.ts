/**
 * Byte budget: bytes that many connections may hold together.
 *
 * A bound for each of them is not enough where there can be thousands. Refusing whoever comes when all is spent would
 * punish the wrong one: a few that hold much could shut everybody out. So the one that holds most has to go.
 *
 * (B1) After every change the holders hold at most `bytesMax` together.
 * (B2) Who is evicted holds at least as much as everybody else.
 * (B3) Nobody is evicted for what holders said once and do not hold any more.
 */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #holders = new Set<Holder>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What all hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A new holder, of nothing yet. `evict` must let go at once of what it holds; nothing is held by it any more. A holder
   * that does not say when it holds less gives `actual`, which is asked before anybody is evicted.
   */
  holder(evict: () => void, actual?: () => number): Holder {
    return new Holder(evict, actual, (holder, bytes) => {
      this.#set(holder, bytes);
      if (this.#bytes > this.#bytesMax) this.#makeRoom();
    });
  }

  #set(holder: Holder, bytes: number): void {
    this.#bytes += bytes - holder.bytes;
    if (bytes === 0) this.#holders.delete(holder);
    else if (holder.bytes === 0) this.#holders.add(holder);
    holder.bytes = bytes;
  }

  /** (B1) */
  #makeRoom(): void {
    for (const each of this.#holders) if (each.actual !== undefined) this.#set(each, each.actual()); // (B3)
    while (this.#bytes > this.#bytesMax) this.#evictLargest();
  }

  #evictLargest(): void {
    let largest: Holder | undefined;
    for (const each of this.#holders) if (largest === undefined || each.bytes > largest.bytes) largest = each; // (B2)
    if (largest === undefined) return;
    this.#set(largest, 0);
    largest.evict();
  }
}

export class Holder {
  /** What it holds now; {@link hold} changes it. */
  bytes = 0;
  readonly evict: () => void;
  readonly actual: (() => number) | undefined;
  readonly #changed: (holder: Holder, bytes: number) => void;

  constructor(evict: () => void, actual: (() => number) | undefined, changed: (holder: Holder, bytes: number) => void) {
    this.evict = evict;
    this.actual = actual;
    this.#changed = changed;
  }

  /** It holds `bytes` from now on. May evict it, or another one. */
  hold(bytes: number): void {
    if (bytes !== this.bytes) this.#changed(this, bytes);
  }
}
