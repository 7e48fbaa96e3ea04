/** Latch: a gate between a handler and the test that watches it. Closed until opened; never closes again. */
export class Latch<T = void> {
  readonly passed: Promise<T>;
  #open: (value: T) => void = () => undefined;

  constructor() {
    this.passed = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(value: T): void {
    this.#open(value);
  }
}
