/**
 * Integer sets: very many sets of non-negative integers, nearly all of which have one member or none.
 *
 * Each is known by a number, its code, that says all there is to say of a set of up to one member: 0 is the empty set, a
 * positive one that of `code - 1`; below 0 are sets with storage of their own. A change answers the set's new code.
 *
 * (S1) Adding and removing take constant time, however large the set is.
 * (S2) A set of up to one member has no storage.
 */

/** Sets of more members than that know where each is. */
const scannedMax = 16;

interface Stored {
  values: Int32Array;
  size: number;
  /** Where each value is, once there are many. */
  places: Map<number, number> | undefined;
}

export class IntegerSets {
  #stored: (Stored | undefined)[] = [];
  #free: number[] = [];

  /** How many sets have storage. */
  get storedCount(): number {
    return this.#stored.length - this.#free.length;
  }

  /** The members of a set below 0: the first `size` of `values`, until a set is changed. */
  members(code: number): { readonly values: Int32Array; readonly size: number } {
    return this.#stored[-code - 1] as Stored;
  }

  has(code: number, value: number): boolean {
    if (code >= 0) return code === value + 1;
    return placeOf(this.#stored[-code - 1] as Stored, value) !== -1;
  }

  /** The set with `value`, which it did not have. */
  with(code: number, value: number): number {
    if (code === 0) return value + 1;
    if (code > 0) return this.#store(code - 1, value);
    const set = this.#stored[-code - 1] as Stored;
    if (set.size === set.values.length) set.values = resized(set, set.size * 2);
    set.values[set.size] = value;
    set.places?.set(value, set.size);
    set.size += 1;
    if (set.size > scannedMax && set.places === undefined) set.places = placesOf(set);
    return code;
  }

  /** The set without `value`, which it had. */
  without(code: number, value: number): number {
    if (code > 0) return 0;
    const set = this.#stored[-code - 1] as Stored;
    const place = placeOf(set, value);
    const last = set.values[set.size - 1] as number;
    set.size -= 1;
    set.values[place] = last;
    set.places?.set(last, place);
    set.places?.delete(value);
    if (set.size === 1) return this.#unstore(code, set);
    if (set.size <= scannedMax / 2) set.places = undefined;
    if (set.values.length > 8 && set.size * 4 <= set.values.length) set.values = resized(set, set.values.length / 2);
    return code;
  }

  #store(first: number, second: number): number {
    const values = new Int32Array(2);
    values[0] = first;
    values[1] = second;
    const index = this.#free.pop() ?? this.#stored.length;
    this.#stored[index] = { values, size: 2, places: undefined };
    return -index - 1;
  }

  /** (S2) */
  #unstore(code: number, set: Stored): number {
    this.#stored[-code - 1] = undefined;
    this.#free.push(-code - 1);
    if (this.storedCount === 0) {
      this.#stored = [];
      this.#free = [];
    }
    return (set.values[0] as number) + 1;
  }
}

function placeOf(set: Stored, value: number): number {
  if (set.places !== undefined) return set.places.get(value) ?? -1; // (S1)
  for (let place = 0; place < set.size; place++) if (set.values[place] === value) return place;
  return -1;
}

function placesOf(set: Stored): Map<number, number> {
  const places = new Map<number, number>();
  for (let place = 0; place < set.size; place++) places.set(set.values[place] as number, place);
  return places;
}

function resized(set: Stored, room: number): Int32Array {
  const values = new Int32Array(room);
  values.set(set.values.subarray(0, set.size));
  return values;
}
