/**
 * Promised: subscriptions which say themselves when they have a message, as those of queues do: once it is on the disk.
 *
 * (R1) A message that is to be confirmed counts as handed to such a subscription when that has it, and as lost where it does not take it.
 * (R2) What it has come to is told once, when the last of them has said.
 */
import type { Outcome } from "./published.js";

/** Is told once whether the subscription has the message. */
export type SubscriptionSettled = (hasIt: boolean) => void;

/** One message, and those who say themselves. */
class Promised {
  readonly #count: { all: number; open: number; handed: number } = { all: 0, open: 0, handed: 0 };
  #told: (() => void) | undefined;

  /** So many more. */
  add(count: number): SubscriptionSettled {
    this.#count.all += count;
    this.#count.open += count;
    return (hasIt) => {
      if (hasIt) this.#count.handed += 1;
      this.#count.open -= 1;
      this.#tell();
    };
  }

  /** There are no more. */
  end({ handed, waiting, lost }: Outcome, told: (outcome: Outcome) => void): void {
    this.#told = () => {
      const { all, handed: kept } = this.#count;
      told({ handed: handed - all + kept, waiting, lost: lost + all - kept }); // (R1)
    };
    this.#tell();
  }

  #tell(): void {
    if (this.#count.open > 0) return;
    const told = this.#told;
    this.#told = undefined; // (R2)
    told?.();
  }
}

/** The message that is just delivered. */
export class Promises {
  #isConfirmed = false;
  #promised: Promised | undefined;

  /** One is about to be delivered. */
  begin(isConfirmed: boolean): void {
    this.#isConfirmed = isConfirmed;
    this.#promised = undefined;
  }

  /** It goes to `count` subscriptions that say themselves: each is to do so, where somebody wants to know. */
  add(count: number): SubscriptionSettled | undefined {
    return this.#isConfirmed ? (this.#promised ??= new Promised()).add(count) : undefined;
  }

  /** It was delivered, and came to `outcome` if all those have it: `told` hears what it came to, at once where there are none. */
  end(outcome: Outcome, told: (outcome: Outcome) => void): void {
    const promised = this.#promised;
    this.begin(false);
    if (promised === undefined) told(outcome);
    else promised.end(outcome, told);
  }
}
