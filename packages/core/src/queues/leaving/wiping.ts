/**
 * Wiping: what of a queue is purged or deleted, and what is being.
 *
 * (W1) What is refused wipes nothing, whatever else was asked meanwhile.
 */
export class Wiping {
  /** All before this sequence are gone; `Infinity`: so is the queue. */
  #done = 0;
  readonly #underWay: number[] = [];

  /** What was sent before this sequence is gone, or is on its way out. */
  get before(): number {
    return Math.max(this.#done, ...this.#underWay);
  }

  isUnderWay(sequence: number): boolean {
    return this.#underWay.some((before) => sequence < before);
  }

  begin(before: number): void {
    this.#underWay.push(before);
  }

  end(before: number, isDone: boolean): void {
    this.#underWay.splice(this.#underWay.indexOf(before), 1);
    if (isDone) this.#done = Math.max(this.#done, before);
  }
}
