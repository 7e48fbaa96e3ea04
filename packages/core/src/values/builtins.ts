/**
 * Built-ins: the language's own classes that are data (Date, typed arrays, …), recognised and written.
 *
 * They are recognised by what the engine keeps inside them, never by a name or a property, so an object that only
 * looks like a Date is refused and one that came out of another realm (a `vm` context, an iframe) is not.
 */
import { bigintToBytes } from "./bigint-bytes.js";
import type { ValueBuffer } from "./buffer.js";
import { constants, elementKindNamed, extensionTypes, inWireOrder } from "./extensions.js";

/** The getter of `prototype` called `key`, to be asked about objects that may hide it behind one of their own. */
function getter(prototype: object, key: PropertyKey): (value: object) => unknown {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
  return (value) => descriptor.get?.call(value) as unknown;
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
/** The class name of a typed array, `undefined` of anything else. */
const typedArrayName = getter(typedArrayPrototype, Symbol.toStringTag) as (value: object) => string | undefined;

function viewGetters(prototype: object) {
  return {
    buffer: getter(prototype, "buffer") as (view: object) => ArrayBuffer,
    offset: getter(prototype, "byteOffset") as (view: object) => number,
    length: getter(prototype, "byteLength") as (view: object) => number,
  };
}

const typedArrays = viewGetters(typedArrayPrototype);
const dataViews = viewGetters(DataView.prototype);

/** Throws if it is no ArrayBuffer. */
const arrayBufferLength = getter(ArrayBuffer.prototype, "byteLength") as (buffer: object) => number;

/** Throws if it is no Date. */
const timeOf = (value: object): number => Date.prototype.getTime.call(value);

/** The entries of a Map, as they are now. Throws if it is none. */
export function entriesOf(map: object): [unknown, unknown][] {
  return [...Map.prototype.entries.call(map)];
}

/** The items of a Set, as they are now. Throws if it is none. */
export function itemsOf(set: object): unknown[] {
  return [...Set.prototype.values.call(set)];
}

export type Kind = "record" | "map" | "set" | "date" | "buffer";

const probes: readonly (readonly [Kind, (value: object) => unknown])[] = [
  ["map", getter(Map.prototype, "size")],
  ["set", getter(Set.prototype, "size")],
  ["date", timeOf],
  ["buffer", arrayBufferLength],
];

const prototypeOf: (value: object) => object | null = Object.getPrototypeOf;

/** What data of another realm is; `undefined` = no data, or an instance of a class derived from a built-in one. */
export function kindInAnotherRealm(value: object): Kind | undefined {
  const proto = prototypeOf(value);
  const parent = proto === null ? null : prototypeOf(proto);
  if (parent === null) return proto !== null && isObjectPrototype(proto) ? "record" : undefined;
  if (!isObjectPrototype(parent)) return undefined;
  for (const [kind, probe] of probes) {
    try {
      probe(value);
      return kind;
    } catch {
      // the engine says that it is something else
    }
  }
  return undefined;
}

/** True for the `Object.prototype` of any realm. */
function isObjectPrototype(proto: object): boolean {
  return prototypeOf(proto) === null && Object.hasOwn(proto, "isPrototypeOf");
}

export function writeConstant(out: ValueBuffer, constant: number): void {
  out.extension(extensionTypes.constant, 1);
  out.u8(constant);
}

export function writeBigint(out: ValueBuffer, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    out.extension(extensionTypes.bigint, 8);
    out.i64(value);
  } else {
    const bytes = bigintToBytes(value);
    out.extension(extensionTypes.bigint, bytes.length);
    out.raw(bytes);
  }
}

const u32Range = 0x1_0000_0000;

export function writeDate(out: ValueBuffer, value: object): void {
  const timeMs = timeOf(value);
  if (Number.isNaN(timeMs)) {
    writeConstant(out, constants.invalidDate);
    return;
  }
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = (timeMs - seconds * 1000) * 1_000_000;
  if (seconds < 0 || seconds >= 4 * u32Range) {
    out.extension(extensionTypes.date, 12);
    out.u32(nanoseconds);
    out.u32(Math.floor(seconds / u32Range));
  } else if (nanoseconds === 0 && seconds < u32Range) {
    out.extension(extensionTypes.date, 4);
  } else {
    out.extension(extensionTypes.date, 8);
    out.u32(nanoseconds * 4 + Math.floor(seconds / u32Range)); // 30 bits and 2 bits
  }
  out.u32(seconds);
}

/** Writes a typed array or DataView; false if its class is not one of the wire's. */
export function writeView(out: ValueBuffer, view: object): boolean {
  const name = typedArrayName(view) ?? "DataView";
  const { buffer, offset, length } = name === "DataView" ? dataViews : typedArrays;
  if (name === "Uint8Array") {
    out.binary(view as Uint8Array, length(view));
    return true;
  }
  return writeElements(out, name, new Uint8Array(buffer(view), offset(view), length(view)));
}

export function writeArrayBuffer(out: ValueBuffer, buffer: object): void {
  writeElements(out, "ArrayBuffer", new Uint8Array(buffer as ArrayBuffer, 0, arrayBufferLength(buffer)));
}

function writeElements(out: ValueBuffer, name: string, bytes: Uint8Array<ArrayBuffer>): boolean {
  const kind = elementKindNamed(name);
  if (kind === undefined) return false;
  out.extension(extensionTypes.elements, bytes.length + 1);
  out.u8(kind.code);
  out.raw(inWireOrder(bytes, kind.elementBytes));
  return true;
}

/** Writes the hole number `hole`, an unsigned integer of 32 bits. */
export function writeHole(out: ValueBuffer, hole: number): void {
  if (hole < 0x100) {
    out.extension(extensionTypes.hole, 1);
    out.u8(hole);
  } else {
    out.extension(extensionTypes.hole, 4);
    out.u32(hole);
  }
}
