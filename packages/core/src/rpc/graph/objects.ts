/**
 * Plain objects: which values are looked into for references, and how a field of any name is set.
 */

/** Deepest nesting of arguments and outputs; the codec's limit is the same. */
export const nestingMax = 100;

/** True for object literals and what JSON makes; not for arrays, class instances, dates or references. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Sets an own field, also one called `__proto__`. */
export function setField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[name] = value;
  }
}
