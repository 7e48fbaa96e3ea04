/** Handlers that run in threads; what the tests of this folder register, by the name of the export. */
import { threadId } from "node:worker_threads";
import { context } from "@mpreg/node";

// eslint-disable-next-line no-restricted-syntax -- the export that is taken when none is named
export default (text: string): string => `default: ${text}`;

export function echo(...values: unknown[]): unknown {
  return values;
}

export async function* streams(to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) yield await Promise.resolve(i);
}

/** Tells the node of every item that it makes; of blocks of no bytes there is one, which says how the last stream ended. */
export async function* blocks(bytes: number): AsyncGenerator {
  const { call, signal } = context();
  if (bytes === 0) return yield heard;
  try {
    for (let i = 0; ; i++) {
      await call("made", [i]);
      yield new Uint8Array(bytes).fill(i % 256);
    }
  } finally {
    await Promise.resolve();
    heard = `left ${signal.aborted}`;
  }
}

/** An item, and then what `what` does. */
export async function* oneThen(what: string): AsyncGenerator {
  yield "first";
  yield await handlers[what]!();
}

export async function calls(fun: string): Promise<unknown> {
  return context().call(fun);
}

export function where(): number {
  return threadId;
}

export function loop(): never {
  for (;;);
}

export async function loopLater(): Promise<never> {
  await Promise.resolve();
  for (;;);
}

export function exit(code: number): never {
  process.exit(code);
}

export function crash(): Promise<never> {
  setImmediate(() => {
    throw new Error("thrown where nobody catches");
  });
  return new Promise(() => undefined);
}

export function fill(): never {
  const all: unknown[] = [];
  for (;;) all.push(Array.from({ length: 1_000 }, (_, index) => ({ index })));
}

export function throwText(): never {
  throw "a text";
}

export function throwError(): never {
  throw new RangeError("an error");
}

export function notEncodable(): unknown {
  return { inside: () => 1 };
}

export function never(): Promise<never> {
  return new Promise(() => undefined);
}

let heard: string | undefined;

/** Ends when its signal says so. */
export function untilAborted(): Promise<string> {
  const { signal } = context();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      heard = (signal.reason as { code: string }).code;
      resolve("aborted");
    });
  });
}

/** What the last call of {@link untilAborted} in this thread has heard. */
export function lastHeard(): unknown {
  return { heard, threadId };
}

/** Exits while a call that it has made runs. */
export async function exitWhileCalling(): Promise<never> {
  const { call } = context();
  const waiting = call("wait");
  await call("is waiting");
  process.exit(1);
  return waiting as Promise<never>;
}

export async function about(): Promise<unknown> {
  await Promise.resolve();
  const { fun, node, step, depth, request, remainingMs, deadline, idempotencyKey, caller, signal, nowMs } = context();
  return {
    fun,
    node,
    step,
    depth,
    request,
    hasTime: remainingMs > 0 && remainingMs <= 5_000,
    deadlineIsNear: Math.abs(deadline.getTime() - Date.now()) <= 5_000,
    idempotencyKey,
    caller: caller.kind,
    aborted: signal.aborted,
    nowMs,
  };
}

export async function nested(name: string): Promise<unknown> {
  const { call, graph } = context();
  const first = await call<number>("double", [21]);
  const one = graph();
  const doubled = one.call("double", [first]);
  const bytes = await call<Uint8Array>("bytes", [new Uint8Array([1, 2, 3])]);
  return { name, first, second: await one.run(doubled), bytes };
}

export async function nestedFailure(): Promise<unknown> {
  try {
    return await context().call("nobody has this");
  } catch (error) {
    const { code, outcome, message } = error as { code: string; outcome: string; message: string };
    return { code, outcome, message, isMpregError: error instanceof Error && error.name };
  }
}

export async function sleepAndLog(): Promise<string> {
  const { sleep, log } = context();
  log.info({ round: 1 }, "before");
  await sleep(1);
  log.debug("not logged");
  log.warn({ no: () => "clone" }, "after");
  return "slept";
}

export function logALot(lines: number): string {
  for (let line = 0; line < lines; line++) context().log.info({ line }, "line");
  return "logged";
}

export async function logOnce(): Promise<void> {
  await context().sleep(0);
  context().log.info("once more");
}

const kept = new Map<string, number>();

/** How often this thread has run it. */
export function count(): number {
  const next = (kept.get("count") ?? 0) + 1;
  kept.set("count", next);
  return next;
}

/** Exits unless it was run before: what `started` says. */
export async function exitOnce(): Promise<string> {
  const runs = await context().call<number>("started");
  if (runs === 1) process.exit(3);
  return `answered by run ${runs}`;
}

export function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(7);
}

export const notAFunction = 1;

const handlers: Readonly<Record<string, (...args: never[]) => unknown>> = {
  where,
  loop,
  loopLater,
  exit,
  crash,
  fill,
  never,
  throwError,
  notEncodable,
  untilAborted,
  lastHeard,
  count,
};

/** Any of these, so that one function's threads meet them all. */
export async function act(what: string, ...args: never[]): Promise<unknown> {
  await context().call("began", [what]);
  return handlers[what]!(...args);
}

/** Reports every number up to `count`. */
export function countLoudly(count: number): number {
  const { progress } = context();
  for (let number = 1; number <= count; number++) progress(number);
  return count;
}

export function asks(topic: string, payload: unknown, options?: object): Promise<unknown> {
  return context().publishRequest(topic, payload, options);
}

export async function publishes(topic: string, payload: unknown): Promise<unknown> {
  const { publish, step } = context();
  await publish(topic, payload, { headers: { step } });
  return publish(topic, payload, { confirm: "local" });
}
