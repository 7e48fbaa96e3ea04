/**
 * Sleepers: the sequences of messages that sleep, in the line of their group or priority: about 10 bytes for each.
 *
 * (E1) They leave in the order of their sequence. One that would come before another is not taken.
 * (E2) Some may be awake by now, or gone: whoever wakes them sees it.
 */

/** What has left is cut off when it is half of all, and at least so much. */
const cutMin = 64;

export class Sleepers {
  #sequences: number[] = [];
  #left = 0;
  #last = -Infinity;

  /** The next one; `Infinity` if there is none. */
  get first(): number {
    return this.#sequences[this.#left] ?? Infinity;
  }

  /** Whether one of that sequence can lie down here. (E1) */
  takes(sequence: number): boolean {
    return sequence > this.#last;
  }

  push(sequence: number): void {
    this.#sequences.push(sequence);
    this.#last = sequence;
  }

  /** The next one, which leaves. */
  shift(): number {
    const { first } = this;
    if (first === Infinity) return first;
    this.#left += 1;
    if (this.#left === this.#sequences.length) {
      this.#sequences = [];
      this.#left = 0;
    } else if (this.#left >= cutMin && this.#left * 2 >= this.#sequences.length) {
      this.#sequences = this.#sequences.slice(this.#left);
      this.#left = 0;
    }
    return first;
  }
}

/** Messages of one group or priority: those that are awake, and behind the first of these others that sleep. */
export interface Line {
  readonly entries: { peek(): { readonly message: { readonly sequence: number } } | undefined; readonly size: number };
  /** Made with the first that sleeps. */
  sleepers: Sleepers | undefined;
}

/** Whether one of that sequence can sleep in a line: only behind one that is awake, whose leave wakes it. Where others sleep there is one. */
export function canSleepIn({ sleepers, entries }: Line, sequence: number): boolean {
  if (sleepers !== undefined) return sleepers.takes(sequence);
  const head = entries.peek();
  return head !== undefined && head.message.sequence < sequence;
}

/** One that can sleep there does. */
export function sleepIn(line: Line, sequence: number): void {
  (line.sleepers ??= new Sleepers()).push(sequence);
}

/** The first of the line has left, or another one is: whoever sleeps before it wakes. */
export function wakeHead(line: Line, wake: (sequence: number) => void): void {
  const { sleepers } = line;
  if (sleepers === undefined) return;
  while (sleepers.first < (line.entries.peek()?.message.sequence ?? Infinity)) wake(sleepers.shift()); // (E2)
  if (sleepers.first === Infinity) line.sleepers = undefined;
}
