/** RecentSet: the last values of many, as many as it may keep. What is added again is the latest again. */
export class RecentSet<T> {
  readonly #max: number;
  /** In the order of their coming. Made with the first: most sets of an idle node have none. */
  #values: Set<T> | undefined;

  /** `max`: at least 1. */
  constructor(max: number) {
    this.#max = max;
  }

  has(value: T): boolean {
    return this.#values?.has(value) === true;
  }

  /** Answers what had to go for it. */
  add(value: T): T | undefined {
    const values = (this.#values ??= new Set());
    values.delete(value);
    values.add(value);
    if (values.size <= this.#max) return undefined;
    for (const oldest of values) {
      values.delete(oldest);
      return oldest;
    }
    return undefined;
  }

  delete(value: T): void {
    this.#values?.delete(value);
  }
}
