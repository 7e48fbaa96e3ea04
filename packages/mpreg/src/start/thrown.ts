/**
 * Thrown: what a handler threw or rejected with, as a plain object that can be logged.
 *
 * (T1) Nothing in here throws, whatever the value: getters and proxy traps are the user's code.
 * (T2) Only texts come out, so that no serializer meets the value itself.
 */
import { inspect } from "node:util";

export interface Thrown {
  /** The error's name, or what kind of value it is. */
  readonly type: string;
  readonly message: string;
  /** With those of its causes. */
  readonly stack?: string;
  /** Of an error that has one, like ECONNREFUSED. */
  readonly code?: string;
}

const causesMax = 5;
const notText = "a value that cannot be made text";

/** Describes `value`, without a prototype: pino would take its name for the error's. (T1) */
export function describeThrown(value: unknown): Thrown {
  return Object.assign(Object.create(null) as object, described(value));
}

function described(value: unknown): Thrown {
  const stack = stackWithCauses(value);
  const message = textField(value, "message") ?? stack?.split("\n", 1)[0];
  if (message === undefined) return { type: typeof value, message: textOf(value) };
  const type = textField(value, "name") ?? "Error";
  const code = textField(value, "code");
  return { type, message, ...(stack === undefined ? {} : { stack }), ...(code === undefined ? {} : { code }) };
}

function stackWithCauses(value: unknown): string | undefined {
  const stacks: string[] = [];
  for (let each = value; stacks.length < causesMax; each = field(each, "cause")) {
    const stack = textField(each, "stack") ?? textField(each, "message");
    if (stack === undefined) break;
    stacks.push(stack);
  }
  return stacks.length === 0 ? undefined : stacks.join("\ncaused by: ");
}

function textOf(value: unknown): string {
  try {
    return typeof value === "string" ? value : inspect(value, { depth: 1, breakLength: Infinity });
  } catch {
    return notText;
  }
}

/** (T2) */
function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === "string" ? text : undefined;
}

function field(value: unknown, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
