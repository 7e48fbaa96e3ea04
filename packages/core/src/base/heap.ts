/**
 * Heap: a binary min-heap whose items know their place, so that any of them can be removed in O(log n).
 *
 * (H1) `items[i].heapIndex === i` for every item inside; it is -1 outside.
 * (H2) Items of equal rank leave in the order given by `before`, so that runs are reproducible.
 */

export interface HeapItem {
  /** Owned by the heap: position inside it, -1 when outside. */
  heapIndex: number;
}

export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#up(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes `item` if it is inside. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    if (index > 0 && this.#before(last, this.#at((index - 1) >> 1))) this.#up(last, index);
    else this.#down(last, index);
  }

  #at(index: number): T {
    return this.#items[index] as T;
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index; // (H1)
  }

  #up(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#at(parentIndex);
      if (!this.#before(item, parent)) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(item, index);
  }

  #down(item: T, from: number): void {
    const size = this.#items.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      if (childIndex + 1 < size && this.#before(this.#at(childIndex + 1), this.#at(childIndex))) childIndex += 1;
      const child = this.#at(childIndex);
      if (!this.#before(child, item)) break;
      this.#put(child, index);
      index = childIndex;
    }
    this.#put(item, index);
  }
}
