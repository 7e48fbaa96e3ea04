/**
 * Functions of a chaotic world: what its nodes offer, and what each of them answers.
 *
 * As in `workload/functions.ts` each takes a token first, tells the ledger of its start and end under it, and answers what
 * shows all its arguments.
 *
 * (B1) A function that is not idempotent calls nothing, and no function calls one: what runs twice runs nothing of it twice.
 */
import { type AnyHandler, type RegisterOptions, context } from "@mpreg/core/handlers";
import { type LedgerEntries, answerOf } from "../workload/functions.js";

type Body = (token: string, values: readonly unknown[]) => unknown;

/** A function: what it does, and what it is registered with. */
export interface ChaosFunction {
  readonly name: string;
  readonly body: Body;
  readonly options: RegisterOptions;
  /** It is called with a range that this version is of. */
  readonly range?: string;
}

export interface ChaosItem {
  /** The first argument of each of the calls for it. */
  readonly tokens: readonly string[];
  readonly value: unknown;
}

export function isIdempotent({ options }: ChaosFunction): boolean {
  return options.idempotent !== undefined && options.idempotent !== false;
}

const mix: Body = (token, values) => answerOf(token, values);

/** Sleeps for as long as its first value says, and gives up when nobody waits any more. */
const nap: Body = async (token, [durationMs, ...values]) => {
  await context().sleep(durationMs as number);
  return answerOf(token, values);
};

/** Answers as many bytes as its first value says. */
const blob: Body = (token, [length, ...values]) => blobAnswer(token, length as number, values);

/** Calls the function its first value names, with all others; planned with idempotent ones only. (B1) */
const nest: Body = async (token, [fun, ...values]) => {
  const inner = await context().call(fun as string, [`${token}/n`, ...values]);
  return answerOf(token, [inner, ...values]);
};

/** Runs a graph of as many calls as its first value says. */
const fan: Body = async (token, [width, ...values]) => {
  const calls = context().graph();
  const first = calls.call("mix", [`${token}/f`, ...values]);
  const others = Array.from({ length: width as number }, (_, index) =>
    calls.call("mix", [`${token}/${index}`, first, index]),
  );
  return answerOf(token, [await calls.run(others)]);
};

const versioned =
  (major: number): Body =>
  (token, values) =>
    answerOf(token, [major, ...values]);

/** Makes a stream of as many items as its first value says. */
async function* trickle(token: string, [count, pauseMs, ...values]: readonly unknown[]): AsyncGenerator {
  for (const item of trickled(token, count as number, values)) {
    await context().sleep(pauseMs as number);
    yield item;
  }
}

/** Makes an item of each item of the stream that is its first value. */
async function* pipe(token: string, [items, ...values]: readonly unknown[]): AsyncGenerator {
  let index = 0;
  for await (const item of items as AsyncIterable<unknown>) yield piped(token, index++, item, values);
}

/** Shows all items of the stream that is its first value. */
const gather: Body = async (token, [items, ...values]) => {
  const taken: unknown[] = [];
  for await (const item of items as AsyncIterable<unknown>) taken.push(item);
  return answerOf(token, [taken, ...values]);
};

const idempotent = { idempotent: true } as const;

/** Those that may stand anywhere. */
export const chaosFunctions: readonly ChaosFunction[] = [
  { name: "mix", body: mix, options: idempotent },
  { name: "nap", body: nap, options: idempotent },
  { name: "blob", body: blob, options: idempotent },
  { name: "nest", body: nest, options: idempotent },
  { name: "fan", body: fan, options: idempotent },
  { name: "keyed", body: nap, options: { idempotent: "with-key" } },
  { name: "batched", body: mix, options: { ...idempotent, batch: { itemsMax: 8, waitMs: 2 } } },
  { name: "narrow", body: nap, options: { ...idempotent, concurrencyMax: 2, queueMax: 4 } },
  { name: "items", body: itemsAnswer, options: idempotent },
  { name: "versioned", body: versioned(1), options: { ...idempotent, version: "1.4.0" }, range: "^1" },
  { name: "versioned", body: versioned(2), options: { ...idempotent, version: "2.0.1" }, range: "^2" },
  { name: "once-mix", body: mix, options: {} },
  { name: "once-nap", body: nap, options: {} },
  { name: "once-blob", body: blob, options: {} },
];

export const streamFunctions: Readonly<Record<"trickle" | "pipe" | "gather", ChaosFunction>> = {
  trickle: { name: "trickle", body: trickle, options: idempotent },
  pipe: { name: "pipe", body: pipe, options: idempotent },
  gather: { name: "gather", body: gather, options: idempotent },
};

/** Its result is a stream. */
export function isStreaming({ name }: ChaosFunction): boolean {
  return name === "trickle" || name === "pipe";
}

/** Its result may be so large that it stays where it was made. */
export function isLarge({ name }: ChaosFunction): boolean {
  return /blob|nest|items|trickle|pipe/.test(name);
}

/** The items of `trickle`. */
export function trickled(token: string, count: number, values: readonly unknown[]): readonly object[] {
  return Array.from({ length: count }, (_, index) => answerOf(`${token}/${index}`, values));
}

/** The item that `pipe` makes of one. */
export function piped(token: string, index: number, item: unknown, values: readonly unknown[]): object {
  return answerOf(`${token}/${index}`, [item, ...values]);
}

/** What `blob` answers. */
export function blobAnswer(token: string, length: number, values: readonly unknown[]): object {
  return { ...answerOf(token, values), bytes: new Uint8Array(length).fill(token.charCodeAt(token.length - 1)) };
}

/** Answers the items of a map: as many as its first value says, each with as many tokens as its second. */
export function itemsAnswer(token: string, [count, width, ...values]: readonly unknown[]): readonly ChaosItem[] {
  return tokensOf(token, count as number, width as number).map((tokens, index) => {
    return { tokens, value: answerOf(`${token}/${index}`, values) };
  });
}

/** The tokens of `count` items, `width` of each. */
export function tokensOf(token: string, count: number, width: number): readonly (readonly string[])[] {
  return Array.from({ length: count }, (_, item) =>
    Array.from({ length: width }, (_, call) => `${token}/${item}.${call}`),
  );
}

/** The handler of a function on one node. */
export function chaosHandler({ body, options }: ChaosFunction, entries: LedgerEntries): AnyHandler {
  const run = (token: string, values: readonly unknown[]): unknown => {
    entries.started(token, context().signal);
    const result = body(token, values);
    if (!(result instanceof Promise)) {
      entries.ended(token, true);
      return result;
    }
    return result.then(
      (value: unknown) => {
        entries.ended(token, true);
        return value;
      },
      (error: unknown) => {
        entries.ended(token, false);
        throw error;
      },
    );
  };
  if (options.batch === undefined) return (token: string, ...values: unknown[]) => run(token, values);
  return (calls: readonly [string, ...unknown[]][]) => calls.map(([token, ...values]) => run(token, values));
}
