/**
 * Ordered map: binary keys in their order, in memory. What the stores without a database of their own keep a table in.
 *
 * A list of short sorted lists: a key is found by two binary searches, and what has to be moved for a new one is one short list.
 *
 * (O1) Keys are compared as unsigned bytes, a prefix before what it begins.
 * (O2) No list is empty, but for the only one of an empty map; none is longer than `listMax`.
 */

const listMax = 256;

interface Item<V> {
  readonly key: Uint8Array;
  value: V;
}

/** Negative when `a` comes before `b`, 0 when they are the same. (O1) */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export class OrderedMap<V> {
  #lists: Item<V>[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Uint8Array): V | undefined {
    const list = this.#lists[this.#listOf(key)] as Item<V>[];
    const item = list[lowerBound(list, key)];
    return item !== undefined && compareKeys(item.key, key) === 0 ? item.value : undefined;
  }

  /** Answers the value that the key had. The key is kept as it is given. */
  set(key: Uint8Array, value: V): V | undefined {
    const index = this.#listOf(key);
    const list = this.#lists[index] as Item<V>[];
    const at = lowerBound(list, key);
    const item = list[at];
    if (item !== undefined && compareKeys(item.key, key) === 0) {
      const before = item.value;
      item.value = value;
      return before;
    }
    list.splice(at, 0, { key, value });
    this.#size += 1;
    if (list.length > listMax) this.#lists.splice(index + 1, 0, list.splice(listMax / 2)); // (O2)
    return undefined;
  }

  /** Answers the value that the key had. */
  delete(key: Uint8Array): V | undefined {
    const index = this.#listOf(key);
    const list = this.#lists[index] as Item<V>[];
    const at = lowerBound(list, key);
    const item = list[at];
    if (item === undefined || compareKeys(item.key, key) !== 0) return undefined;
    list.splice(at, 1);
    this.#size -= 1;
    if (list.length === 0 && this.#lists.length > 1) this.#lists.splice(index, 1); // (O2)
    return item.value;
  }

  /** Keys and values from `from` (included) to `to` (not included), in their order. The map must not change meanwhile. */
  *entries(from?: Uint8Array, to?: Uint8Array): Generator<readonly [Uint8Array, V]> {
    let index = from === undefined ? 0 : this.#listOf(from);
    let at = from === undefined ? 0 : lowerBound(this.#lists[index] as Item<V>[], from);
    for (; index < this.#lists.length; index++, at = 0) {
      const list = this.#lists[index] as Item<V>[];
      for (; at < list.length; at++) {
        const { key, value } = list[at] as Item<V>;
        if (to !== undefined && compareKeys(key, to) >= 0) return;
        yield [key, value];
      }
    }
  }

  /** The same from the largest key down. */
  *reversed(from?: Uint8Array, to?: Uint8Array): Generator<readonly [Uint8Array, V]> {
    let index = to === undefined ? this.#lists.length - 1 : this.#listOf(to);
    let list = this.#lists[index] as Item<V>[];
    let at = (to === undefined ? list.length : lowerBound(list, to)) - 1;
    for (;;) {
      for (; at >= 0; at--) {
        const { key, value } = list[at] as Item<V>;
        if (from !== undefined && compareKeys(key, from) < 0) return;
        yield [key, value];
      }
      index -= 1;
      if (index < 0) return;
      list = this.#lists[index] as Item<V>[];
      at = list.length - 1;
    }
  }

  /** The list in which the key is or would be: the last that does not begin behind it. */
  #listOf(key: Uint8Array): number {
    let [low, high] = [0, this.#lists.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = (this.#lists[middle] as Item<V>[])[0];
      if (first !== undefined && compareKeys(first.key, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where the key is in the list, or would be. */
function lowerBound(list: readonly Item<unknown>[], key: Uint8Array): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys((list[middle] as Item<unknown>).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
