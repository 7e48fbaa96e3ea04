/**
 * JSON values: the text of results, including those of types that JSON does not have.
 *
 * | JavaScript | JSON |
 * |---|---|
 * | `Date` | ISO 8601 text; an invalid one `null` |
 * | `Map` | an object when every key is a string, else an array of [key, value] |
 * | `Set` | an array |
 * | typed array | an array of numbers |
 * | `ArrayBuffer`, `DataView` | an array of its bytes |
 * | `bigint` | an integer, all digits; beyond 64 bits it is refused, as no reader of JSON can be trusted with it |
 * | NaN, ±Infinity | `null`, as the reference does |
 * | -0 | `0` |
 * | `undefined` | `null`; a field of an object is left out |
 *
 * (J1) A value that would lose something else is refused with its place.
 * (J2) Time and memory stay in proportion to `charsMax`: what must become longer is refused before it is made.
 * (J3) What needs no change is not copied.
 */
import { MpregError } from "../base/index.js";
import { describePath } from "../base/standard-schema.js";
import { isPlainObject, nestingMax, setField } from "../rpc/graph/objects.js";
import { typeName } from "../rpc/graph/ref.js";
import { fitsIn64Bits } from "./json-v1-numbers.js";

/** The JSON text of `value`, of at most `charsMax` characters. `what` names it. Throws `not-encodable`, `too-large`. */
export function toJsonText(value: unknown, what: string, charsMax: number): string {
  const conversion = new Conversion(what, charsMax);
  const converted = conversion.part(value);
  let text: string | undefined;
  try {
    text = conversion.hasWideIntegers ? writeExactly(converted) : stringify(converted);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooLarge(what, charsMax); // the engine's own limit of one string
  }
  if (text !== undefined && text.length > charsMax) throw tooLarge(what, charsMax);
  return text ?? "null";
}

/** JSON.stringify with the type it has: it answers nothing for `undefined`. */
function stringify(value: unknown): string | undefined {
  return JSON.stringify(value);
}

function tooLarge(what: string, charsMax: number): MpregError {
  return new MpregError(
    "too-large",
    `Cannot answer with ${what}: as JSON it takes more than the ${charsMax} characters left`,
  );
}

class Conversion {
  hasWideIntegers = false;
  readonly #what: string;
  readonly #charsMax: number;
  readonly #place: PropertyKey[] = [];
  #charsMin = 0;

  constructor(what: string, charsMax: number) {
    this.#what = what;
    this.#charsMax = charsMax;
  }

  /** `part` as JSON.stringify takes it, but for wide integers, which stay `bigint`. */
  part(part: unknown): unknown {
    this.#count(typeof part === "string" ? part.length + 2 : 1);
    switch (typeof part) {
      case "string":
      case "number":
      case "boolean":
      case "undefined":
        return part;
      case "bigint":
        return this.#integer(part);
      case "object":
        return part === null ? null : this.#object(part);
      default:
        throw this.#refused(`a ${typeof part}`);
    }
  }

  #object(object: object): unknown {
    if (Array.isArray(object)) return this.#items(object);
    if (isPlainObject(object)) return this.#fields(object);
    if (object instanceof Date) return Number.isNaN(object.getTime()) ? null : object.toISOString();
    if (object instanceof Set) return this.#items([...(object as Set<unknown>)]);
    if (object instanceof Map) return this.#entries([...(object as Map<unknown, unknown>)]);
    if (object instanceof ArrayBuffer) return this.#numbers(new Uint8Array(object));
    if (object instanceof DataView) {
      return this.#numbers(new Uint8Array(object.buffer, object.byteOffset, object.byteLength));
    }
    if (ArrayBuffer.isView(object)) return this.#numbers(object as Uint8Array | BigInt64Array);
    throw this.#refused(`an ${typeName(object)} of a class`);
  }

  #items(items: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (const [index, item] of items.entries()) {
      const converted = this.#within(index, item);
      if (converted !== item) (copy ??= [...items])[index] = converted;
    }
    return copy ?? items; // (J3)
  }

  #fields(fields: Readonly<Record<string, unknown>>): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(fields)) {
      const field = fields[name];
      this.#count(name.length + 3);
      const converted = this.#within(name, field);
      if (converted !== field) setField((copy ??= { ...fields }), name, converted);
    }
    return copy ?? fields;
  }

  #entries(entries: readonly (readonly [unknown, unknown])[]): unknown {
    if (!entries.every(([key]) => typeof key === "string")) return this.#items(entries);
    const object: Record<string, unknown> = {};
    for (const [key, value] of entries) setField(object, key as string, value);
    return this.#fields(object);
  }

  #numbers(numbers: Uint8Array | BigInt64Array): readonly unknown[] {
    this.#count(numbers.length * 2); // (J2)
    return this.#items(Array.from<number | bigint>(numbers));
  }

  #integer(integer: bigint): number | bigint {
    const number = Number(integer);
    if (Number.isSafeInteger(number)) return number;
    if (!fitsIn64Bits(integer)) throw this.#refused("an integer of more than 64 bits");
    this.hasWideIntegers = true;
    return integer;
  }

  #within(step: PropertyKey, part: unknown): unknown {
    if (this.#place.length >= nestingMax) throw this.#refused(`something nested deeper than ${nestingMax}`);
    this.#place.push(step);
    const converted = this.part(part);
    this.#place.pop();
    return converted;
  }

  /** Takes note of characters that the text will have at least. */
  #count(chars: number): void {
    this.#charsMin += chars;
    if (this.#charsMin > this.#charsMax) throw tooLarge(this.#what, this.#charsMax); // (J2)
  }

  #refused(kind: string): MpregError {
    const place = this.#place.length === 0 ? "it is" : `${describePath(this.#place.slice(0, 12))} is`;
    return new MpregError("not-encodable", `Cannot answer with ${this.#what} as JSON: ${place} ${kind}`); // (J1)
  }
}

/** As JSON.stringify, for converted values with `bigint` among them. */
function writeExactly(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => writeExactly(item) ?? "null").join(",")}]`;
  if (typeof value !== "object" || value === null) return stringify(value);
  const fields: string[] = [];
  for (const [name, field] of Object.entries(value)) {
    const text = writeExactly(field);
    if (text !== undefined) fields.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${fields.join(",")}}`;
}
