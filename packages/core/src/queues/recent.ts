/** Recent: the last numbers of many, as many as it may keep. */
export class Recent {
  readonly #max: number;
  /** Made with the first: few lanes of an idle node have any. */
  #numbers: Set<number> | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  has(number: number): boolean {
    return this.#numbers?.has(number) === true;
  }

  add(number: number): void {
    const numbers = (this.#numbers ??= new Set());
    if (numbers.size >= this.#max) for (const first of numbers) if (numbers.delete(first)) break; // in the order of their coming
    numbers.add(number);
  }
}
