/**
 * Waits: which handlers go on by themselves, and which wait for the simulated world.
 *
 * A handler that was started or resumed runs on in microtasks until it waits for its context or has ended. Simulated
 * time stands still until then, so how long its own code takes in promises makes no difference.
 *
 * (W1) Time goes on only when every handler waits for its context or has ended.
 * (W2) A handler that does neither, however long one looks, is an error with its name.
 */
import { SimulationError } from "../simulation-error.js";

/** A handler's call, from its start to its end. */
export interface Waiter {
  /** For messages: `"train" on node "b"`. */
  readonly title: string;
}

/** Gives everything else that the process does a chance, as a macrotask does. */
export type Turn = () => Promise<void>;

/**
 * Microtasks given to whoever was resumed, even if nobody is known to need them: a program outside, or a part of a handler
 * of which another part rests. Few of them cost nothing that could be measured, so there are more than deep calls of
 * asynchronous functions take.
 */
const turnsMin = 200;
/** Microtasks in which a handler must have got to a wait or its end: a few 10 ms of real time. */
const turnsMax = 200_000;
/** The same where macrotasks follow, which are what its handlers are likely to wait for. */
const turnsMaxBeforeMacroturns = 2_000;
const macroturnsMax = 200;

export class Waits {
  readonly #awake = new Set<Waiter>();
  readonly #turn: Turn | undefined;
  #turnsDue = 0;

  constructor(turn: Turn | undefined) {
    this.#turn = turn;
  }

  /** True when time must not go on yet. */
  get pending(): boolean {
    return this.#turnsDue > 0 || this.#awake.size > 0;
  }

  /** `waiter` goes on by itself. */
  woken(waiter: Waiter): void {
    this.#awake.add(waiter);
    this.#turnsDue = turnsMin;
  }

  /** `waiter` waits for the world, or has ended. */
  resting(waiter: Waiter): void {
    this.#awake.delete(waiter);
  }

  /** Somebody outside of the world's handlers was given a result. */
  told(): void {
    this.#turnsDue = turnsMin;
  }

  /** Lets everybody go on who can. Throws a {@link SimulationError} for a handler that waits for something else. (W2) */
  async settle(): Promise<void> {
    const microturnsMax = this.#turn === undefined ? turnsMax : turnsMaxBeforeMacroturns;
    for (let turns = 0; this.pending; turns++) {
      if (this.#turnsDue > 0) this.#turnsDue -= 1;
      if (turns < microturnsMax) {
        await Promise.resolve(); // (W1)
      } else if (this.#turn !== undefined && turns < microturnsMax + macroturnsMax) {
        await this.#turn();
      } else {
        this.#blame();
      }
    }
  }

  #blame(): never {
    const titles = [...this.#awake].map(({ title }) => title).join(", ");
    this.#awake.clear();
    this.#turnsDue = 0;
    throw new SimulationError(
      `Handler ${titles} waits for something that is not its context: in a simulated world only context().sleep() ` +
        "and calls through context() pass time",
    );
  }
}
