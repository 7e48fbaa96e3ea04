/**
 * Local clock: the two clocks of one machine, neither of which is the world's.
 *
 * The monotonic one counts from a moment of its own, at a rate of its own; the wall clock can be set.
 *
 * (L1) Setting the wall clock moves nothing but what it shows.
 * (L2) No two machines count from the same moment: a time of one means nothing to another.
 */
import type { SeededRandom } from "../capabilities/random.js";
import type { Clock } from "../clock.js";

/** What all wall clocks show at the start of the world, until they are set. */
const epochMs = Date.UTC(2000, 0, 1);

/** Machines have been up for as long as this, when the world begins. */
const upMsMax = 30 * 24 * 3_600_000;

export class LocalClock {
  readonly #world: Clock;
  readonly #originMs: number;
  readonly #rate: number;
  #setMs = 0;

  /** `rate`: how fast it goes, 1 being right. */
  constructor(world: Clock, random: SeededRandom, rate: number) {
    this.#world = world;
    this.#originMs = random.integer(1, upMsMax); // (L2)
    this.#rate = rate;
  }

  /** Monotonic time, in ms. */
  get nowMs(): number {
    return this.#originMs + this.#world.nowMs * this.#rate;
  }

  /** What the wall clock shows, in ms since 1970. */
  get wallMs(): number {
    return epochMs + this.#world.nowMs * this.#rate + this.#setMs;
  }

  /** When in the world's time this clock shows `localMs`. */
  worldMsOf(localMs: number): number {
    return (localMs - this.#originMs) / this.#rate;
  }

  /** How long in the world's time this clock takes for `durationMs`. */
  worldDurationMs(durationMs: number): number {
    return durationMs / this.#rate;
  }

  /** Sets the wall clock forwards or, with a negative number, back. (L1) */
  setBy(byMs: number): void {
    this.#setMs += byMs;
  }
}
