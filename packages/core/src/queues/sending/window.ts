/**
 * Window: what is remembered for a while, by a text: ids that were sent, keys that were acknowledged.
 *
 * (W1) What is remembered is exact until its time is over, and costs nothing after.
 */
import { type Deadline, Deadlines } from "../../base/index.js";

export class Remembered implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly key: string;
  readonly id: string;
  readonly messageSequence: number;
  /** Whether what it stands for was refused after all. */
  refused = false;
  /** Whether that is on its way to the disk. */
  isPending = false;

  constructor(key: string, id: string, messageSequence: number) {
    this.key = key;
    this.id = id;
    this.messageSequence = messageSequence;
  }
}

export class Window {
  readonly #byKey = new Map<string, Remembered>();
  readonly #due = new Deadlines<Remembered>();

  get size(): number {
    return this.#byKey.size;
  }

  get nextMs(): number {
    return this.#due.nextDueMs;
  }

  get(key: string, nowMs: number): Remembered | undefined {
    const found = this.#byKey.get(key);
    return found === undefined || found.dueMs <= nowMs ? undefined : found; // (W1)
  }

  /** What is kept by that text, also where its time is over and nobody has looked yet. */
  peek(key: string): Remembered | undefined {
    return this.#byKey.get(key);
  }

  put(remembered: Remembered, untilMs: number): void {
    const before = this.#byKey.get(remembered.key);
    if (before !== undefined) this.#due.remove(before);
    this.#byKey.set(remembered.key, remembered);
    this.#due.set(remembered, untilMs);
  }

  forget(remembered: Remembered): void {
    if (this.#byKey.get(remembered.key) !== remembered) return;
    this.#byKey.delete(remembered.key);
    this.#due.remove(remembered);
  }

  /** Takes what is over, one after the other. */
  takeOver(nowMs: number): Remembered | undefined {
    const over = this.#due.takeDue(nowMs);
    if (over !== undefined) this.#byKey.delete(over.key);
    return over;
  }
}
