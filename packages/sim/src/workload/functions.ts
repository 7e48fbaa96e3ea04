/**
 * Functions: what the nodes of a generated world offer.
 *
 * Each takes a token as its first argument, which is unique in its world, and tells the ledger of its start and end
 * under that token. What it answers depends on its arguments only and shows all of them, so that a value in the wrong
 * place makes a different answer.
 *
 * (B1) `answerOf` is what the handlers answer and what the evaluator expects; how arguments get there is not its matter.
 */
import { type AnyHandler, type HandlerSignal, context } from "@mpreg/core/handlers";

export type Behaviour =
  /** Answers at once. */
  | "mix"
  /** Sleeps for as long as its second argument says, whatever happens. */
  | "delay"
  /** The same, but gives up when nobody waits any more. */
  | "nap"
  /** Answers as many bytes as its second argument says. */
  | "bulk"
  /** Calls the function its second argument names. */
  | "nest"
  /** Runs a graph of as many calls as its second argument says. */
  | "fan"
  /** Calls itself as deep as its second argument says. */
  | "recurse"
  /** Throws, having slept for as long as its second argument says. */
  | "fail"
  /** Answers what cannot be encoded. */
  | "odd";

export const behaviours: readonly Behaviour[] = [
  "mix",
  "delay",
  "nap",
  "bulk",
  "nest",
  "fan",
  "recurse",
  "fail",
  "odd",
];

/** Hears of every start and end of a generated function. */
export interface LedgerEntries {
  started(token: string, signal: HandlerSignal): void;
  ended(token: string, well: boolean): void;
}

/** What a function answers to these arguments. */
export interface Answer {
  readonly token: string;
  readonly print: number;
  readonly items: readonly { readonly at: number; readonly print: number }[];
  readonly text: string;
}

/** (B1) */
export function answerOf(token: string, values: readonly unknown[], text: string = token): Answer {
  return {
    token,
    print: fingerprint(values),
    items: values.map((value, at) => ({ at, print: fingerprint(value) })),
    text,
  };
}

/** The text that `bulk` answers. */
export function bulkText(token: string, length: number): string {
  return token.repeat(Math.ceil(length / token.length)).slice(0, length);
}

/** A number that two different values hardly share. */
export function fingerprint(value: unknown): number {
  let hash = 17;
  const mix = (word: number): void => {
    hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 13);
  };
  if (typeof value === "number") mix(Math.round(value * 1000));
  else if (typeof value === "string")
    for (let i = 0; i < value.length; i += 1 + (value.length >> 8)) mix(value.charCodeAt(i));
  else if (Array.isArray(value)) for (const item of value) mix(fingerprint(item));
  else if (value instanceof Uint8Array) for (const byte of value) mix(byte);
  else if (typeof value === "object" && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      mix(fingerprint(name));
      mix(fingerprint(field));
    }
  }
  mix(value === null ? 1 : (typeof value).length);
  return hash >>> 0;
}

type Body = (token: string, second: never, ...values: unknown[]) => unknown;

const bodies: Readonly<Record<Behaviour, Body>> = {
  mix: (token, ...values) => answerOf(token, values),
  delay: async (token, durationMs: number, ...values) => {
    await context().sleep(durationMs, { signal: null });
    return answerOf(token, values);
  },
  nap: async (token, durationMs: number, ...values) => {
    await context().sleep(durationMs);
    return answerOf(token, values);
  },
  bulk: (token, length: number, ...values) => answerOf(token, values, bulkText(token, length)),
  nest: async (token, fun: string, ...values) => {
    const inner = await context().call(fun, [`${token}/n`, ...values]);
    return answerOf(token, [inner, ...values]);
  },
  fan: async (token, width: number, ...values) => {
    const { graph } = context();
    const calls = graph();
    const first = calls.call("mix", [`${token}/f`, ...values]);
    const others = Array.from({ length: width }, (_, index) => calls.call("mix", [`${token}/${index}`, first, index]));
    return answerOf(token, [await calls.run(others)]);
  },
  recurse: async (token, depth: number, ...values) => {
    if (depth === 0) return answerOf(token, values);
    const inner = await context().call("recurse", [`${token}/r`, depth - 1, ...values]);
    return answerOf(token, [inner]);
  },
  fail: async (token, durationMs: number) => {
    await context().sleep(durationMs, { signal: null });
    throw new Error(`${token} was to fail`);
  },
  odd: () => () => 1,
};

/** The handler of a behaviour on one node. */
export function handlerOf(behaviour: Behaviour, entries: LedgerEntries): AnyHandler {
  const body = bodies[behaviour];
  return (token: string, ...rest: [second: never, ...values: unknown[]]) => {
    entries.started(token, context().signal);
    const ended = (well: boolean): void => {
      entries.ended(token, well);
    };
    const result = body(token, ...rest);
    if (!(result instanceof Promise)) {
      ended(true);
      return result;
    }
    return result.then(
      (value: unknown) => {
        ended(true);
        return value;
      },
      (error: unknown) => {
        ended(false);
        throw error;
      },
    );
  };
}
