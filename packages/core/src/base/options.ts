/**
 * Options: the check that a program has given options at all, and none that do not exist.
 *
 * What the value of an option must be, whoever takes it checks.
 *
 * (N1) A name that is no option is refused with the names that are, and with the one that was probably meant.
 * (N2) Options that are right cost no allocation; whoever is given none need not ask.
 */
import { MpregError } from "./errors.js";
import { quoted, suggestion } from "./names.js";

/** The names of the options of an `O`, in the order in which messages give them; the compiler wants all of them. */
export function optionNames<O>(names: Readonly<Record<keyof O, true>>): ReadonlySet<string> {
  return new Set(Object.keys(names));
}

/**
 * Throws `invalid-argument` unless `options` is an object with no other names than those of `known`. The message begins
 * with `who` takes them and, if it is a call, the function that is `called`.
 */
export function checkOptions(options: unknown, known: ReadonlySet<string>, who: string, called?: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const message = `${callOf(who, called)}: the options must be an object, got ${kindOf(options)}`;
    throw new MpregError("invalid-argument", message);
  }
  for (const name in options) if (!known.has(name)) throw unknownOption(name, known, callOf(who, called)); // (N2)
}

/** How messages name a function of the API: `connect`, or with what it calls: `graph.call("clean")`. */
export function callOf(who: string, called: string | undefined): string {
  return called === undefined ? who : `${who}(${quoted(called)})`;
}

/** A word for a value that is not what was asked for. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** (N1) */
function unknownOption(name: string, known: ReadonlySet<string>, who: string): MpregError {
  const message = `${who} has no option ${quoted(name)}; it has ${[...known].join(", ")}${suggestion(name, known)}`;
  return new MpregError("invalid-argument", message);
}
