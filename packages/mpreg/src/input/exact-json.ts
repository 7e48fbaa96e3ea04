/**
 * Exact JSON: what a person typed or a program wrote, without a digit changed.
 *
 * The JSON protocol of a node treats integers of up to 64 bits in the same way (`doors/json-v1-frame.ts` of core).
 *
 * (E1) An integer that a JavaScript number would round becomes a `bigint` with all its digits.
 * (E2) A number beyond all numbers (`1e400`) is refused, not made infinite.
 * (E3) Only numbers are looked at: texts and names are what they are, whatever stands in them.
 */
import { randomUUID } from "node:crypto";

/** What `text` says. Throws `SyntaxError` for what is no JSON, and `RangeError` for a number that cannot be held. */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return mayLoseDigits.test(text) ? withWideIntegers(text) : value;
}

/** Fewer digits, and numbers without an exponent, are always held well enough. */
const mayLoseDigits = /\d{16}|\d[eE]/;

/** The next text, or the next number; of valid JSON nothing else begins like one. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** Parses valid JSON with its wide integers marked as texts, which then become `bigint`. (E1) */
function withWideIntegers(text: string): unknown {
  const mark = randomUUID(); // nobody can have written it into `text`
  const marked = text.replaceAll(textOrNumber, (token) => {
    if (token.startsWith('"')) return token; // (E3)
    requireHeld(token);
    return isWideInteger(token) ? `"${mark}${token}"` : token;
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    return typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  });
}

function isWideInteger(token: string): boolean {
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
}

const shownCharactersMax = 40;

/** (E2) */
function requireHeld(token: string): void {
  if (Number.isFinite(Number(token)) || isWideInteger(token)) return;
  const shown = token.length > shownCharactersMax ? `${token.slice(0, shownCharactersMax)}…` : token;
  throw new RangeError(`a number beyond ±1.8e308, the largest that can be held: ${shown}`);
}
