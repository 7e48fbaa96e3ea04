/**
 * Value writer: walks a JavaScript value once, checking and encoding each part at the moment it reads it.
 *
 * Owns what is data and what is refused. The tokens are `buffer.ts`'s, the words of a refusal `refusal.ts`'s.
 *
 * (V1) What is written is what was checked: every property is read once.
 * (V2) Nothing that is not data is dropped, converted or emptied in silence: it is refused with its place.
 * (V3) Containers stand in each other at most `depthMax` deep, so that a circle ends and a reader's stack suffices.
 */
import { Refusal, describe, entryStep, indexStep, keyStep, placed, refusalError } from "./refusal.js";
import { ValueBuffer, type ValueUtf8 } from "./buffer.js";
import {
  entriesOf,
  itemsOf,
  kindInAnotherRealm,
  writeArrayBuffer,
  writeBigint,
  writeConstant,
  writeDate,
  writeHole,
  writeView,
} from "./builtins.js";
import { constants, extensionTypes } from "./extensions.js";

export interface ValueWriterOptions {
  readonly utf8: ValueUtf8;
  readonly depthMax: number;
  readonly valueBytesMax: number;
  readonly explain: ((value: object) => string | undefined) | undefined;
}

/** Answers the number of the hole that stands for an object which is not data; `undefined` = it has none. */
export type HoleOf = (value: object) => number | undefined;

// hasOwnProperty and not Object.hasOwn: the engine knows it inside for-in, where it then costs nothing
// eslint-disable-next-line @typescript-eslint/unbound-method
const hasOwn = Object.prototype.hasOwnProperty;
const prototypeOf: (value: object) => object | null = Object.getPrototypeOf;

export class ValueWriter {
  readonly #out: ValueBuffer;
  readonly #depthMax: number;
  readonly #explain: ((value: object) => string | undefined) | undefined;
  #holeOf: HoleOf | undefined;
  /** A getter or `holeOf` that encodes something itself finds this writer busy. */
  isBusy = false;

  constructor(options: ValueWriterOptions) {
    this.#out = new ValueBuffer(options.utf8, options.valueBytesMax);
    this.#depthMax = options.depthMax;
    this.#explain = options.explain;
  }

  write(value: unknown, what: string, holeOf: HoleOf | undefined): Uint8Array {
    this.isBusy = true;
    this.#holeOf = holeOf;
    try {
      this.#out.open();
      this.#value(value, 0);
      return this.#out.take();
    } catch (error) {
      throw refusalError(error, what);
    } finally {
      this.#holeOf = undefined;
      this.isBusy = false;
    }
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === "string") this.#out.text(value);
    else if (typeof value === "number") this.#out.number(value);
    else if (typeof value === "object") {
      if (value === null) this.#out.nil();
      else this.#object(value, depth);
    } else if (typeof value === "boolean") this.#out.boolean(value);
    else if (typeof value === "undefined") writeConstant(this.#out, constants.undefined);
    else if (typeof value === "bigint") writeBigint(this.#out, value);
    else if (typeof value === "function") this.#foreign(value, depth);
    else throw new Refusal(describe(value)); // (V2) a symbol
  }

  #object(value: object, depth: number): void {
    const proto = prototypeOf(value);
    if (proto === Object.prototype) this.#record(value, depth);
    else if (Array.isArray(value)) this.#array(value, proto, depth);
    else if (proto === null) this.#record(value, depth);
    else if (proto === Map.prototype) this.#map(value, depth);
    else if (proto === Set.prototype) this.#set(value, depth);
    else if (proto === Date.prototype) writeDate(this.#out, value);
    else if (proto === ArrayBuffer.prototype) writeArrayBuffer(this.#out, value);
    else if (!ArrayBuffer.isView(value) || !writeView(this.#out, value)) this.#foreign(value, depth);
  }

  #array(items: readonly unknown[], proto: object | null, depth: number): void {
    // the prototype of arrays is itself an array, in every realm; that of a subclass is not
    if (proto !== Array.prototype && !Array.isArray(proto)) {
      this.#foreign(items, depth);
      return;
    }
    this.#enter(depth);
    const length = items.length;
    this.#out.array(length);
    let index = 0;
    try {
      for (; index < length; index++) {
        const item = items[index];
        if (item === undefined && !hasOwn.call(items, index)) throw new Refusal("an empty slot of a sparse array");
        this.#value(item, depth + 1);
      }
    } catch (error) {
      throw placed(error, indexStep(index), items);
    }
  }

  #record(value: object, depth: number): void {
    this.#enter(depth);
    const record = value as Readonly<Record<string, unknown>>;
    const mark = this.#out.beginMap();
    let count = 0;
    let at = "";
    try {
      for (const key in record) {
        if (!hasOwn.call(record, key)) continue;
        at = key;
        count++;
        this.#out.text(key);
        this.#value(record[key], depth + 1); // (V1)
      }
    } catch (error) {
      throw placed(error, keyStep(at), record);
    }
    this.#out.endMap(mark, count);
  }

  #map(map: object, depth: number): void {
    this.#enter(depth);
    const entries = entriesOf(map);
    const mark = this.#out.beginExtension(extensionTypes.map);
    this.#out.array(entries.length * 2);
    for (const [index, [key, value]] of entries.entries()) {
      try {
        this.#value(key, depth + 1);
      } catch (error) {
        throw placed(error, `(key ${index})`, map);
      }
      try {
        this.#value(value, depth + 1);
      } catch (error) {
        throw placed(error, entryStep(key, index), map);
      }
    }
    this.#out.endExtension(mark, extensionTypes.map);
  }

  #set(set: object, depth: number): void {
    this.#enter(depth);
    const items = itemsOf(set);
    const mark = this.#out.beginExtension(extensionTypes.set);
    this.#out.array(items.length);
    for (const [index, item] of items.entries()) {
      try {
        this.#value(item, depth + 1);
      } catch (error) {
        throw placed(error, `(item ${index})`, set);
      }
    }
    this.#out.endExtension(mark, extensionTypes.set);
  }

  /** What is not plain data of this realm: a hole, data of another realm, or nothing that can be sent. */
  #foreign(value: object, depth: number): void {
    const hole = this.#holeOf?.(value);
    if (hole !== undefined) writeHole(this.#out, hole);
    else if (!this.#fromAnotherRealm(value, depth)) throw new Refusal(this.#explain?.(value) ?? describe(value)); // (V2)
  }

  #fromAnotherRealm(value: object, depth: number): boolean {
    const kind = kindInAnotherRealm(value);
    if (kind === "record") this.#record(value, depth);
    else if (kind === "map") this.#map(value, depth);
    else if (kind === "set") this.#set(value, depth);
    else if (kind === "date") writeDate(this.#out, value);
    else if (kind === "buffer") writeArrayBuffer(this.#out, value);
    return kind !== undefined;
  }

  #enter(depth: number): void {
    if (depth < this.#depthMax) return; // (V3)
    throw new Refusal(`it stands deeper than ${this.#depthMax} containers`, { limit: "depth" });
  }
}
