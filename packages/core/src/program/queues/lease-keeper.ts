/**
 * Lease keeper: the leases of a processor's messages go on as long as their messages are here.
 *
 * (K1) A lease is extended when half of its time is over, and again when half of that is.
 * (K2) What is forgotten is not extended, whatever an extension that is on its way comes to.
 * (K3) One timer for all of them, which most messages never move: they are gone long before half of their time is over.
 * (K4) An extension that has failed is tried again when half of what is left of the lease is over: its queue may be there again before that has ended.
 */
import { Deadlines, MpregError, isA } from "../../base/index.js";
import type { Clock, ClockTimer } from "../clock.js";
import type { Leased } from "./leased.js";

/** How often a lease is extended at least where it is very short. */
const extendMsMin = 50;

export class LeaseKeeper<T, A> {
  readonly #clock: Clock;
  readonly #lost: (leased: Leased<T, A>, error: unknown) => void;
  readonly #due = new Deadlines<Leased<T, A>>();
  #timer: ClockTimer | undefined;
  #armedMs = Infinity;

  /** `lost` is told of a lease that others may have by now. */
  constructor(clock: Clock, lost: (leased: Leased<T, A>, error: unknown) => void) {
    this.#clock = clock;
    this.#lost = lost;
  }

  keep(leased: Leased<T, A>): void {
    leased.isKept = true;
    leased.keptUntilMs = this.#clock.now() + leased.visibleForMs;
    this.#again(leased); // (K1)
  }

  /** When half of what is left is over; where nothing is, half of a lease later. */
  #again(leased: Leased<T, A>): void {
    const nowMs = this.#clock.now();
    const leftMs = leased.keptUntilMs - nowMs;
    const waitMs = leftMs > extendMsMin / 2 ? leftMs : leased.visibleForMs;
    this.#due.set(leased, nowMs + Math.max(extendMsMin, waitMs / 2));
    if (leased.dueMs < this.#armedMs) this.#arm(leased.dueMs, nowMs);
  }

  /** (K2) */
  forget(leased: Leased<T, A>): void {
    leased.isKept = false;
    this.#due.remove(leased);
  }

  /** Nothing is kept any more. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }

  /** (K3) */
  #arm(dueMs: number, nowMs: number): void {
    this.close();
    this.#armedMs = dueMs;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#look();
      },
      Math.max(0, Math.ceil(dueMs - nowMs)),
    );
  }

  #look(): void {
    this.#timer = undefined;
    this.#armedMs = Infinity;
    const nowMs = this.#clock.now();
    for (let leased = this.#due.takeDue(nowMs); leased !== undefined; leased = this.#due.takeDue(nowMs)) {
      this.#extend(leased);
    }
    if (this.#due.nextDueMs < this.#armedMs) this.#arm(this.#due.nextDueMs, nowMs);
  }

  #extend(leased: Leased<T, A>): void {
    leased.message.extend(leased.visibleForMs).then(
      () => {
        if (leased.isKept) this.keep(leased);
      },
      (error: unknown) => {
        if (!leased.isKept) return;
        if (isA(error, MpregError) && error.code !== "stale-receipt")
          this.#again(leased); // (K4)
        else this.#lost(leased, error);
      },
    );
  }
}
