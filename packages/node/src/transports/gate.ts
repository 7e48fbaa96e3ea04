/**
 * Gate: how many connections the port has, and what all of them may cost together.
 *
 * Owns the counts and the budgets; what one connection may do is `guard.ts`.
 *
 * (G1) At most `connectionsMax` connections of others are upgraded at a time, at most `strangersMax` of them strangers;
 *      one more is told so before it is.
 * (G2) All strangers together hold at most `strangerBytesMax` of unfinished messages, all others `arrivingBytesMax`, and
 *      `answersBytesMax` wait for readers of the JSON protocol. (What waits for links is the machine's business.)
 */
import { ByteBudget } from "@mpreg/core/structures";
import type { Refusal } from "./admission.js";
import type { PortLimits } from "./limits.js";

/** A connection as the gate counts it. */
export interface Visit {
  /** It is no stranger any more. */
  known(): void;
  /** It is gone. Called once. */
  left(): void;
}

export interface GateLimits extends PortLimits {
  /** Bytes of a frame that are accepted from a link that is open. */
  readonly frameBytesMax: number;
  readonly answersBytesMax: number;
}

export class Gate {
  readonly limits: GateLimits;
  readonly strangers: ByteBudget;
  readonly arriving: ByteBudget;
  readonly replies: ByteBudget;
  #connections = 0;
  #strangers = 0;

  constructor(limits: GateLimits) {
    this.limits = limits;
    this.strangers = new ByteBudget(limits.strangerBytesMax);
    this.arriving = new ByteBudget(limits.arrivingBytesMax);
    this.replies = new ByteBudget(limits.answersBytesMax);
  }

  /** Why no more connections are upgraded now; `undefined` when there is room. (G1) */
  refusal(): Refusal | undefined {
    const { connectionsMax, strangersMax } = this.limits;
    const [what, option] =
      this.#connections >= connectionsMax
        ? [`${this.#connections} connections`, "connectionsMax"]
        : this.#strangers >= strangersMax
          ? [`${this.#strangers} connections whose handshake is not over`, "strangersMax"]
          : [];
    if (what === undefined) return undefined;
    return { status: 503, reason: `the node has ${what}; try again later, or raise limits.${option}` };
  }

  /** Another side has opened a connection. */
  enter(): Visit {
    let isStranger = true;
    const known = (): void => {
      if (isStranger) this.#strangers -= 1;
      isStranger = false;
    };
    this.#connections += 1;
    this.#strangers += 1;
    const left = (): void => {
      known();
      this.#connections -= 1;
    };
    return { known, left };
  }
}
