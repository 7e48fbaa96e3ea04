/**
 * Leavings: what the handler of a stream will leave behind (`rpc/left.ts`). Its step is answered before the handler has ended:
 * so whoever is answered keeps this, from then on until nothing of it goes on.
 *
 * (V1) The handler itself runs on when nobody is there any more: its stream may have a reader that is. What it leaves when
 *      it ends does not.
 */
import { type Left, LeftBehind } from "../left.js";

export class Leavings implements Left {
  readonly #left = new LeftBehind();
  #letGo: () => void = () => undefined;
  #isAbandoned = false;
  #hasEnded = false;

  constructor() {
    this.#left.onOver = () => {
      this.#look();
    };
  }

  keptBy(letGo: () => void): void {
    this.#letGo = letGo;
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#left.abandon();
    this.#letGo();
  }

  add(left: Left): void {
    if (this.#isAbandoned)
      left.abandon(); // (V1)
    else this.#left.add(left);
  }

  /** The handler has ended, and leaves no more. */
  ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#look();
  }

  #look(): void {
    if (this.#hasEnded && this.#left.size === 0) this.#letGo();
  }
}
