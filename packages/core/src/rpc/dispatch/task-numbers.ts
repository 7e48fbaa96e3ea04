/** Task numbers: what tasks are called where they run. */
/** What has numbers already. */
interface Numbered {
  has(id: number): boolean;
}

/** Numbers of questions begin here; those of steps are below: both stand on one link. */
export const questionIdMin: number = 2 ** 31;

export class TaskNumbers {
  readonly #mask: number;
  #last = 0;

  /** `mask`: the bits that numbers have; there must be more numbers than tasks. */
  constructor(mask: number) {
    this.#mask = mask;
  }

  /** A number that nothing of `table` has. (T3) */
  free(table: Numbered): number {
    do this.#last = ((this.#last + 1) & this.#mask) >>> 0;
    while (table.has(this.#last));
    return this.#last;
  }
}
