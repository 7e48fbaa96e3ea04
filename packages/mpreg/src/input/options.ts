/**
 * Options as they are typed: texts become durations, numbers, lists. What cannot be meant is told by name.
 */
import { InvalidArgumentError } from "commander";
import { usageError } from "../failure.js";
import { parseExactly } from "./exact-json.js";

export const logLevels: readonly string[] = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
export const durationMsMax: number = 2 ** 31 - 1;

/** `2`, `2s`, `500ms`, `1.5m` or `1h`, in ms. A number alone is seconds. */
export function parseDurationMs(given: string): number {
  const [, figure, unit = "s"] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)?$/.exec(given.trim()) ?? [];
  const durationMs = Math.ceil(Number(figure) * (unitsMs[unit] ?? NaN));
  if (durationMs > 0 && durationMs <= durationMsMax) return durationMs;
  throw new InvalidArgumentError("It is a duration above 0, in seconds or like 500ms, 2s, 5m; at most 24 days.");
}

/** A duration, or `off`: 0. */
export function parseDurationMsOrOff(given: string): number {
  return given.trim() === "off" ? 0 : parseDurationMs(given);
}

export function parsePort(given: string): number {
  const port = /^\d+$/.test(given) ? Number(given) : NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError("It is a number from 0 to 65535; 0 takes any free port.");
}

/** A whole number from 1 on. */
export function parseCount(given: string): number {
  const count = /^\d+$/.test(given.trim()) ? Number(given) : NaN;
  if (count >= 1 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError("It is a whole number, at least 1.");
}

/** `last`, a count like `100`, or an age like `5m`: which of the messages that were published before. */
export function parseBacklog(given: string): "last" | number | { readonly ageMs: number } {
  const text = given.trim();
  if (text === "last") return text;
  if (/^[1-9]\d*$/.test(text)) return parseCount(text);
  if (/^[\d.]+(?:ms|s|m|h)$/.test(text)) return { ageMs: parseDurationMs(text) };
  throw new InvalidArgumentError("It is last, a number of messages like 100, or an age like 500ms, 60s, 5m, 1h.");
}

/** `name=value` of a message's headers, and what earlier uses of the option have given. */
export function addHeader(
  given: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=([^]*)$/.exec(given) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It is like region=eu.");
  return { ...earlier, [name]: value };
}

/** `name=value`, or `name` for any value, and what earlier uses of the option have given. */
export function addHeaderCondition(
  given: string,
  earlier: Readonly<Record<string, string | true>> = {},
): Readonly<Record<string, string | true>> {
  if (given !== "" && !given.includes("=")) return { ...earlier, [given]: true };
  return { ...earlier, ...addHeader(given) };
}

/** `a,b` and what earlier uses of the same option have given. */
export function addNames(given: string, earlier: readonly string[] = []): readonly string[] {
  const names = given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return [...earlier, ...names];
}

/** Adds one text, commas and all. */
export function addText(given: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, given];
}

/** `key=number` and what earlier uses of the option have given. */
export function addLimit(
  given: string,
  earlier: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const [, key, figure] = /^([A-Za-z]\w*)=(.+)$/.exec(given) ?? [];
  const value = figure?.trim() === "" ? NaN : Number(figure);
  if (key === undefined || Number.isNaN(value)) throw new InvalidArgumentError("It is like messageBytesMax=1000000.");
  return { ...earlier, [key]: value };
}

/** `key=value`, the value being JSON where it is JSON, and what earlier uses of the option have given. */
export function addSetting(
  given: string,
  earlier: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const [, key, value] = /^([A-Za-z]\w*)=([^]*)$/.exec(given) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It is like visibilityMs=60000.");
  return { ...earlier, [key]: parseValue(value, `the setting ${key}`) };
}

/** A JSON object. */
export function parseObject(given: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseExactly(given);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(`It has ${error.message}.`);
    throw new InvalidArgumentError(`It is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError('It is a JSON object, like \'{"unit":"C"}\'.');
}

/** The arguments of a call: each JSON where it is JSON, else the text itself. */
export function parseValues(given: readonly string[]): readonly unknown[] {
  return given.map((text, index) => parseValue(text, `argument ${index + 1}`));
}

/** JSON where it is JSON, else the text itself; `what` names it. */
export function parseValue(text: string, what: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    const message = error instanceof Error ? error.message : String(error);
    throw usageError(`Cannot use ${what}: it has ${message}; in double quotes it is a text`);
  }
}
