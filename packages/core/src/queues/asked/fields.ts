/**
 * Fields: what the parts of something that comes from elsewhere have to be.
 *
 * (O1) What is wrong is refused with the field, what was given and what would be right.
 * (O2) What is right costs no more than looking at what was given: a message has few of the fields that it might have.
 */
import { MpregError, checkOptions, kindOf, quoted } from "../../base/index.js";

export interface Field {
  readonly is: (value: unknown) => boolean;
  /** What would be right. */
  readonly what: string;
  readonly isOptional?: boolean;
  /** Of an object. */
  readonly fields?: Fields;
}

export type Fields = Readonly<Record<string, Field>>;

export const text: Field = { is: (value) => typeof value === "string", what: "a text" };
export const texts: Field = { is: (value) => Array.isArray(value) && value.every(text.is), what: "an array of texts" };
export const number: Field = { is: (value) => typeof value === "number" && value >= 0, what: "a number of at least 0" };
export const bytes: Field = { is: (value) => value instanceof Uint8Array, what: "bytes (Uint8Array)" };
export const flag: Field = { is: (value) => typeof value === "boolean", what: "true or false" };
export const list: Field = { is: Array.isArray, what: "an array" };
export const record: Field = { is: isRecord, what: "an object" };
export const textRecord: Field = {
  is: (value) => isRecord(value) && Object.values(value).every(text.is),
  what: "an object of texts",
};

export function optional(field: Field): Field {
  return { ...field, isOptional: true };
}

/** An object of these fields, and no others. */
export function objectOf(fields: Fields): Field {
  const names = Object.entries(fields).map(([name, { isOptional }]) => (isOptional === true ? `${name}?` : name));
  return { is: isRecord, what: `an object { ${names.join(", ")} }`, fields };
}

/** Whose fields they are, as messages begin; or how to say it, where that is not to be made up for each that is right. (O2) */
export type Who = string | (() => string);

interface Known {
  readonly names: ReadonlySet<string>;
  readonly required: readonly string[];
}

const known = new WeakMap<Fields, Known>();

function knownOf(fields: Fields): Known {
  const before = known.get(fields);
  if (before !== undefined) return before;
  const names = Object.keys(fields);
  const now = { names: new Set(names), required: names.filter((name) => fields[name]?.isOptional !== true) };
  known.set(fields, now);
  return now;
}

/** Throws `invalid-argument` unless `value` is an object of these fields, and no others. (O1) */
export function checkFields(value: unknown, fields: Fields, who: Who): void {
  const { names, required } = knownOf(fields);
  const isObject = typeof value === "object" && value !== null;
  const given = value as Readonly<Record<string, unknown>>;
  let isRight = isObject && !Array.isArray(value);
  if (isRight) for (const name in given) isRight &&= names.has(name);
  if (!isRight) checkOptions(value, names, textOf(who)); // which throws
  for (const name in given) checkField(given[name], fields[name] as Field, who, name);
  for (const name of required) checkField(given[name], fields[name] as Field, who, name);
}

export function checkField(given: unknown, field: Field, who: Who, name: string): void {
  if (given === undefined && field.isOptional === true) return;
  if (!field.is(given)) throw invalid(`${textOf(who)}: ${name} must be ${field.what}, got ${shown(given)}`);
  if (field.fields !== undefined) checkFields(given, field.fields, () => `${textOf(who)}: ${name}`);
}

function textOf(who: Who): string {
  return typeof who === "string" ? who : who();
}

/** As far as it can be shown at all: what comes from elsewhere may be anything. */
function shown(given: unknown): string {
  if (typeof given === "string") return quoted(given);
  return typeof given === "number" ? String(given) : kindOf(given);
}

/** An object of names and values, and no map, date or bytes. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

export function invalid(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
