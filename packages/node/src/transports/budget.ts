/**
 * Budget: bytes that many connections may hold together.
 *
 * A bound for each of them is not enough where there can be thousands. Refusing whoever comes when all is spent would
 * punish the wrong one: a few that hold much could shut everybody out. So the one that holds most has to go.
 *
 * (B1) After every change the holders hold at most `bytesMax` together.
 * (B2) Who is evicted holds at least as much as everybody else.
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

  /** A new holder, of nothing yet. `evict` must let go at once of what it holds; nothing is held by it any more. */
  holder(evict: () => void): Holder {
    return new Holder(evict, (holder, bytes) => {
      this.#changed(holder, bytes);
    });
  }

  #changed(holder: Holder, bytes: number): void {
    this.#bytes += bytes - holder.bytes;
    if (bytes === 0) this.#holders.delete(holder);
    else if (holder.bytes === 0) this.#holders.add(holder);
    holder.bytes = bytes;
    while (this.#bytes > this.#bytesMax) this.#evictLargest(); // (B1)
  }

  #evictLargest(): void {
    let largest: Holder | undefined;
    for (const each of this.#holders) if (largest === undefined || each.bytes > largest.bytes) largest = each; // (B2)
    largest?.hold(0);
    largest?.evict();
  }
}

export class Holder {
  /** What it holds now; {@link hold} changes it. */
  bytes = 0;
  readonly evict: () => void;
  readonly #changed: (holder: Holder, bytes: number) => void;

  constructor(evict: () => void, changed: (holder: Holder, bytes: number) => void) {
    this.evict = evict;
    this.#changed = changed;
  }

  /** It holds `bytes` from now on. May evict it, or another one. */
  hold(bytes: number): void {
    if (bytes !== this.bytes) this.#changed(this, bytes);
  }
}
