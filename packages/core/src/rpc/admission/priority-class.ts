/**
 * Priority class: what waits in a fair queue at one priority, one line per caller.
 *
 * Callers take turns (round robin, Nagle, RFC 970), so that one who has a thousand calls waiting costs another with one call
 * one turn.
 *
 * (P1) Within a line the oldest leaves first.
 * (P2) Each line has one turn per round; one that has just begun waits for its round.
 * (P3) A line that is empty is forgotten.
 */
import { Heap, type HeapItem } from "../../base/index.js";
import { Chain, type ChainNode } from "../../structures/index.js";

/** One thing that waits. */
export class Entry<T> implements ChainNode<Entry<T>> {
  previous: Entry<T> | undefined = undefined;
  next: Entry<T> | undefined = undefined;
  readonly item: T;
  readonly line: Line<T>;

  constructor(item: T, line: Line<T>) {
    this.item = item;
    this.line = line;
  }
}

/** What one caller has waiting at one priority. */
export class Line<T> implements HeapItem, ChainNode<Line<T>> {
  heapIndex = -1;
  previous: Line<T> | undefined = undefined;
  next: Line<T> | undefined = undefined;
  readonly entries: Chain<Entry<T>> = new Chain<Entry<T>>();
  readonly caller: string;
  readonly owner: PriorityClass<T>;

  constructor(caller: string, owner: PriorityClass<T>) {
    this.caller = caller;
    this.owner = owner;
  }
}

export class PriorityClass<T> {
  readonly priority: number;
  /** Where it stands among the classes of its queue: the least has the next turn. */
  pass = 0;
  size = 0;
  readonly #lines = new Map<string, Line<T>>();
  readonly #turns = new Chain<Line<T>>();
  readonly #longest = new Heap<Line<T>>((a, b) => a.entries.size > b.entries.size);

  constructor(priority: number) {
    this.priority = priority;
  }

  /** How many turns it has for one of the lowest class. */
  get weight(): number {
    return 2 ** this.priority;
  }

  /** How many lines there are. */
  get lines(): number {
    return this.#turns.size;
  }

  get longest(): number {
    return this.#longest.peek()?.entries.size ?? 0;
  }

  lengthOf(caller: string): number {
    return this.#lines.get(caller)?.entries.size ?? 0;
  }

  /** How many of the class leave before what `caller` adds now. */
  aheadOf(caller: string): number {
    const own = this.lengthOf(caller);
    const others = own === 0 ? this.lines : this.lines - 1;
    return Math.min(this.size, own + (own + 1) * others);
  }

  push(item: T, caller: string): Entry<T> {
    let line = this.#lines.get(caller);
    if (line === undefined) {
      this.#lines.set(caller, (line = new Line(caller, this)));
      this.#turns.push(line); // (P2)
    }
    const entry = new Entry(item, line);
    this.#longest.remove(line);
    line.entries.push(entry);
    this.#longest.push(line);
    this.size += 1;
    return entry;
  }

  remove(entry: Entry<T>): void {
    const { line } = entry;
    this.#longest.remove(line);
    line.entries.remove(entry);
    this.size -= 1;
    if (line.entries.size > 0) return this.#longest.push(line);
    this.#lines.delete(line.caller); // (P3)
    this.#turns.remove(line);
  }

  /** What has the next turn, left where it is. */
  get first(): Entry<T> | undefined {
    return this.#turns.first?.entries.first; // (P1)
  }

  shift(): Entry<T> | undefined {
    const entry = this.first;
    if (entry === undefined) return undefined;
    this.#turns.moveToEnd(entry.line); // (P2)
    this.remove(entry);
    return entry;
  }

  /** The newest of the longest line, left where it is. */
  get leastEntitled(): Entry<T> | undefined {
    return this.#longest.peek()?.entries.last;
  }
}
