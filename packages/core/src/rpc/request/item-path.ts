/**
 * Item path: what the time of a map went into. Durations only, for its summary.
 *
 * (P1) A path goes back from what ended last through what it waited for longest: among the steps of one item the input that
 *      ended last, among items the one whose end let the next begin.
 */

/** What has passed on a path. */
export interface PathTimes {
  readonly queueMs: number;
  readonly networkMs: number;
  readonly runMs: number;
}

export const noTimes: PathTimes = { queueMs: 0, networkMs: 0, runMs: 0 };

interface EndedStep {
  readonly sequence: number;
  readonly times: PathTimes;
}

/** The path through the steps of one item, behind that of the item that let it begin. */
export class ItemPath {
  readonly #before: PathTimes;
  readonly #steps = new Map<number, EndedStep>();
  #last: PathTimes;
  #sequence = 0;
  #lastMs: number;

  constructor(before: PathTimes, nowMs: number) {
    this.#before = before;
    this.#last = this.#before;
    this.#lastMs = nowMs;
  }

  /** Step `index`, which took the results of `inputs`, has ended; `times` are its own. */
  ended(index: number, inputs: readonly { readonly step: number }[], times: PathTimes, nowMs: number): void {
    let latest: EndedStep | undefined;
    for (const { step } of inputs) {
      const input = this.#steps.get(step);
      if (input !== undefined && (latest === undefined || input.sequence > latest.sequence)) latest = input; // (P1)
    }
    this.#last = added(latest?.times ?? this.#before, times);
    this.#lastMs = nowMs;
    this.#steps.set(index, { sequence: this.#sequence++, times: this.#last });
  }

  /** The path of the item, whose result is here now: since its last step has ended it was fetched. */
  timesAt(nowMs: number): PathTimes {
    return added(this.#last, { ...noTimes, networkMs: nowMs - this.#lastMs });
  }
}

function added(one: PathTimes, other: PathTimes): PathTimes {
  return {
    queueMs: one.queueMs + other.queueMs,
    networkMs: one.networkMs + other.networkMs,
    runMs: one.runMs + other.runMs,
  };
}

/** The same times as parts of what has passed by the clock: what is not known to be anything else was waiting. */
export function within({ networkMs, runMs }: PathTimes, totalMs: number): PathTimes {
  const run = Math.min(runMs, totalMs);
  const network = Math.min(networkMs, totalMs - run);
  return { queueMs: totalMs - run - network, networkMs: network, runMs: run };
}
