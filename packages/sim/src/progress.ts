/**
 * Progress: how a world goes on while somebody waits for something in it, and stops when nobody does.
 *
 * (O1) Time goes on only while somebody waits.
 * (O2) A wait that the world does not end within its patience, or in which nothing is left to happen, is an error, not an
 *      endless loop.
 * (O3) What goes wrong in the world is told to everybody who waits.
 */
import type { Clock } from "./clock.js";
import type { Waits } from "./handlers/waits.js";
import { SimulationError } from "./simulation-error.js";

interface Goal {
  readonly untilMs: number;
  readonly reached: () => boolean;
  /** `undefined`: reached; an error: the world cannot go on; otherwise time is up. */
  readonly end: (how: "reached" | "late" | Error) => void;
}

export class Progress {
  readonly #clock: Clock;
  readonly #waits: Waits;
  readonly #patienceMs: number;
  readonly #goals = new Set<Goal>();
  #running = false;

  constructor(clock: Clock, waits: Waits, patienceMs: number) {
    this.#clock = clock;
    this.#waits = waits;
    this.#patienceMs = patienceMs;
  }

  /** Lets time pass until `reached` answers true, but not longer than `withinMs`; answers whether it did. */
  until(reached: () => boolean, withinMs: number = this.#patienceMs): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#add({
        untilMs: this.#clock.nowMs + withinMs,
        reached,
        end: (how) => {
          if (how instanceof Error) reject(how);
          else resolve(how === "reached");
        },
      });
    });
  }

  /** Lets time pass until the function that comes back is called; `failed` is called when that cannot be expected. */
  attend(failed: (error: Error) => void): () => void {
    const { nowMs } = this.#clock;
    const goal: Goal = {
      untilMs: nowMs + this.#patienceMs,
      reached: () => false,
      end: (how) => {
        const message = `Nothing came of it within ${this.#patienceMs} ms of simulated time`;
        failed(how instanceof Error ? how : new SimulationError(message)); // (O2)
      },
    };
    this.#add(goal);
    return () => {
      this.#goals.delete(goal);
      this.#waits.told();
    };
  }

  #add(goal: Goal): void {
    this.#goals.add(goal);
    if (this.#running) return;
    this.#running = true;
    this.#waits.told(); // whoever asks may have more to ask before time goes on
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#goals.size > 0) {
        if (this.#waits.pending) await this.#waits.settle();
        if (!this.#finish("reached", (goal) => goal.reached())) this.#advance(); // (O1)
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new SimulationError(String(error)));
    } finally {
      this.#running = false;
    }
  }

  #advance(): void {
    let horizonMs = Infinity;
    for (const { untilMs } of this.#goals) horizonMs = Math.min(horizonMs, untilMs);
    const happening = this.#clock.next(horizonMs);
    if (happening !== undefined) return happening.happen();
    if (this.#finish("reached", (goal) => goal.reached()) || this.#goals.size === 0) return;
    if (horizonMs === Infinity)
      throw new SimulationError("The world waits for what cannot come: nothing more will happen in it");
    this.#finish("late", (goal) => goal.untilMs <= horizonMs);
  }

  /** Ends the goals for which `isOver` holds; answers whether there were any. */
  #finish(how: "reached" | "late", isOver: (goal: Goal) => boolean): boolean {
    let any = false;
    for (const goal of this.#goals) {
      if (!isOver(goal)) continue;
      this.#goals.delete(goal);
      goal.end(how);
      any = true;
    }
    if (any) this.#waits.told();
    return any;
  }

  /** (O3) */
  #fail(error: Error): void {
    const goals = [...this.#goals];
    this.#goals.clear();
    for (const { end } of goals) end(error);
  }
}
