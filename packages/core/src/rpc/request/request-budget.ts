/**
 * Request budget: what one request may take at its coordinator, and has taken.
 *
 * (C1) The bytes of results are counted for the request and for the whole node, until they are given back.
 * (C2) What maps run for their items is bounded before the first of them runs, for all maps of a request together. What runs
 *      again is counted once.
 * (C3) So are the bytes of the streams that become arrays for maps, as their lists or as what their items come to.
 */
import { MpregError } from "../../base/index.js";
import type { HeldBytes } from "../held-bytes.js";
import type { RpcLimits } from "../limits.js";
import type { ArrayTotal } from "../results/index.js";

/** What maps run for the items of one map, or for one item, maps within it included; it lies `within` a larger one. */
export interface StepScope {
  steps: number;
  /** Bytes of the streams that were collected for it. */
  arrayBytes: number;
  readonly within: StepScope | undefined;
}

export class RequestBudget {
  readonly #held: HeldBytes;
  readonly #limits: Pick<RpcLimits, "resultBytesMax" | "mapStepsMax">;
  #bytes = 0;
  #mapSteps = 0;
  #arrayBytes = 0;

  constructor(held: HeldBytes, limits: Pick<RpcLimits, "resultBytesMax" | "mapStepsMax">) {
    this.#held = held;
    this.#limits = limits;
  }

  /** Counts a result of that many bytes, or answers why there is no room for it. */
  take(bytes: number): MpregError | undefined {
    const total = this.#bytes + bytes;
    const { resultBytesMax } = this.#limits;
    if (total > resultBytesMax) {
      const message = `The results that the request holds take ${total} bytes; the limit is ${resultBytesMax}`;
      return new MpregError("too-large", message, { outcome: "applied" });
    }
    if (!this.#held.hasRoomFor(bytes)) return this.#held.refusal("keep a result of", bytes, { outcome: "applied" });
    this.#bytes = total; // (C1)
    this.#held.bytes += bytes;
    return undefined;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#held.bytes -= bytes;
  }

  /** Counts what the map `name` runs for `items` items, or answers why that is too much. (C2) */
  takeSteps(name: string, items: number, stepsPerItem: number, scope: StepScope): MpregError | undefined {
    const steps = items * stepsPerItem;
    if (!this.#hasSteps(steps)) return this.#tooManySteps(name, steps, `${items} items`);
    this.#count(steps, 0, scope);
    return undefined;
  }

  /**
   * Why the map `name` cannot run for the `items` items that have come of its list so far, if it cannot. The list is a stream, whose
   * handler is cut off then.
   */
  tooManyItems(name: string, items: number, stepsPerItem: number): MpregError | undefined {
    const steps = items * stepsPerItem;
    if (this.#hasSteps(steps)) return undefined;
    return this.#tooManySteps(name, steps, `first ${items} items`).withOutcome("unknown");
  }

  /** Counts streams that are collected for `scope`. (C3) */
  arraysOf(scope: StepScope): ArrayTotal {
    const bytes = (): number => this.#arrayBytes;
    return {
      get bytes() {
        return bytes();
      },
      add: (more) => {
        this.#count(0, more, scope);
      },
    };
  }

  /** A map or an item begins anew. */
  giveBackSteps(scope: StepScope): void {
    this.#count(-scope.steps, -scope.arrayBytes, scope);
  }

  #hasSteps(steps: number): boolean {
    return this.#mapSteps + steps <= this.#limits.mapStepsMax;
  }

  #tooManySteps(name: string, steps: number, items: string): MpregError {
    const before = this.#mapSteps === 0 ? "" : `, and ${this.#mapSteps} for what was mapped before`;
    const message = `The map "${name}" runs ${steps} steps for its ${items}${before}`;
    return new MpregError("too-large", `${message}; the limit is ${this.#limits.mapStepsMax} (limits.mapStepsMax)`);
  }

  #count(steps: number, arrayBytes: number, scope: StepScope): void {
    this.#mapSteps += steps;
    this.#arrayBytes += arrayBytes;
    for (let each: StepScope | undefined = scope; each !== undefined; each = each.within) {
      each.steps += steps;
      each.arrayBytes += arrayBytes;
    }
  }
}
