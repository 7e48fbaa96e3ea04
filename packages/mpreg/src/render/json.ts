/**
 * Values as JSON, also those that JSON does not have.
 *
 * (J1) What is printed is always JSON, and no value is dropped in silence: a bigint becomes a number with all its digits, a Map an
 *      object (or a list of pairs, when a key is no text), a Set a list, a Date its ISO text, bytes base64, other typed
 *      arrays lists of numbers, NaN and infinities texts.
 * (J2) Only `undefined` has no place of its own: a field that holds it is left out, elsewhere it is `null`.
 * (J3) Nothing in a text can command the terminal.
 * (J4) An integer is printed digit by digit only if these are its digits: a number above 2^53 has an exponent, so that
 *      `input/exact-json.ts` reads it as the number it was, not as a `bigint`.
 */
import { printable } from "./text.js";

/** `line`: everything in one; `lines`: indented, for people; what is short stays in one line. */
export type Layout = "line" | "lines";

/** `value`, which came over the wire or out of JSON: it has no circles and is at most 100 levels deep. */
export function valueJson(value: unknown, layout: Layout): string {
  return layout === "line" ? write(value, compact) : write(value, indented, "");
}

/** Puts the written parts of an array or an object together. */
type Join = (open: string, parts: readonly string[], close: string, indent: string) => string;

interface Style {
  readonly colon: string;
  readonly step: string;
  readonly join: Join;
}

const compact: Style = { colon: ":", step: "", join: (open, parts, close) => `${open}${parts.join(",")}${close}` };

const lineCharactersMax = 80;

const indented: Style = {
  colon: ": ",
  step: "  ",
  join: (open, parts, close, indent) => {
    if (parts.length === 0) return open + close;
    const space = open === "{" ? " " : "";
    const length = parts.reduce((sum, part) => sum + part.length + 2, indent.length + 2);
    if (length <= lineCharactersMax && !parts.some((part) => part.includes("\n"))) {
      return `${open}${space}${parts.join(", ")}${space}${close}`;
    }
    return `${open}\n${parts.map((part) => `${indent}  ${part}`).join(",\n")}\n${indent}${close}`;
  },
};

function write(value: unknown, style: Style, indent = ""): string {
  switch (typeof value) {
    case "string":
      return text(value);
    case "number":
      return number(value);
    case "bigint":
      return String(value);
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "null" : container(value, style, indent);
    default:
      return "null"; // (J2)
  }
}

/** (J1) */
function container(value: object, style: Style, indent: string): string {
  if (Array.isArray(value)) return list(value, style, indent);
  if (value instanceof Map) return map(value, style, indent);
  if (value instanceof Set) return list([...value], style, indent);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "null" : text(value.toISOString());
  if (value instanceof ArrayBuffer) return text(Buffer.from(value).toString("base64"));
  if (ArrayBuffer.isView(value)) {
    if (!(value instanceof DataView) && !(value instanceof Uint8Array))
      return list([...(value as Float64Array)], style, indent);
    return text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"));
  }
  return fields(Object.entries(value), style, indent);
}

function map(value: ReadonlyMap<unknown, unknown>, style: Style, indent: string): string {
  const entries = [...value];
  const isNamed = entries.every(([key]) => typeof key === "string");
  return isNamed ? fields(entries as [string, unknown][], style, indent) : list(entries, style, indent);
}

function list(items: readonly unknown[], style: Style, indent: string): string {
  const inner = indent + style.step;
  return style.join(
    "[",
    items.map((item) => write(item, style, inner)),
    "]",
    indent,
  );
}

function fields(entries: readonly (readonly [string, unknown])[], style: Style, indent: string): string {
  const inner = indent + style.step;
  const present = entries.filter(([, field]) => field !== undefined); // (J2)
  const parts = present.map(([name, field]) => `${text(name)}${style.colon}${write(field, style, inner)}`);
  return style.join("{", parts, "}", indent);
}

function text(value: string): string {
  return printable(JSON.stringify(value)); // (J3)
}

function number(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return text(String(value));
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value); // (J4)
}
