/**
 * Context: `context()`, the one function by which a handler gets at its call, whatever runs it.
 *
 * Owns where the current context is kept. What is in it is `types.ts`, what makes one is `call-context.ts`. Following a
 * handler through its awaits takes something of the platform (`AsyncLocalStorage`), which a driver provides.
 *
 * (X1) `context()` answers the context of the call that the running code serves, or throws: never another call's.
 * (X2) All drivers of a process share one storage, the first provided, so that of handlers inside each other's flow (a
 *      real node's that runs a simulated world) the innermost counts.
 * (X3) Without one provided, a handler has its context until its first `await`.
 */
import { MpregError } from "../base/index.js";
import type { HandlerContext } from "./types.js";

/** Keeps a context for the code that `run` runs; the part of `AsyncLocalStorage` that is used. */
export interface ContextStorage {
  getStore(): HandlerContext | undefined;
  run<R>(context: HandlerContext, handler: () => R): R;
}

let running: HandlerContext | undefined;

/** (X3) */
const synchronous: ContextStorage = {
  getStore: () => running,
  run: (context, handler) => {
    const outer = running;
    running = context;
    try {
      return handler();
    } finally {
      running = outer;
    }
  },
};

let storage = synchronous;

/** Gives the process a storage that follows a handler through its awaits. Does nothing if it has one. (X2) */
export function provideContextStorage(better: ContextStorage): void {
  if (storage === synchronous) storage = better;
}

/**
 * The context of the running handler: its deadline and signal, its request, nested calls, `sleep`. Works anywhere in
 * the handler's asynchronous flow, on a real node and in a simulated world alike.
 *
 * ```ts
 * node.register("poll", async (url: string) => {
 *   const { log } = context();
 *   while (context().remainingMs > 5_000) {
 *     log.info({ url }, "asking again");
 *     await context().sleep(1_000); // ends when nobody waits for the result any more
 *   }
 * });
 * ```
 * Throws `invalid-argument` outside of a handler. In a simulated world on a platform without `AsyncLocalStorage`
 * (browsers) also after the handler's first `await`: there, take it before and keep it.
 */
export function context(): HandlerContext {
  const current = storage.getStore();
  if (current !== undefined) return current; // (X1)
  const where = storage === synchronous ? ", or after its first await, which cannot be followed here" : "";
  throw new MpregError("invalid-argument", `context() was called outside of a handler${where}`);
}

/** Runs `handler` so that {@link context} answers `current` in it. */
export function inContext<R>(current: HandlerContext, handler: () => R): R {
  return storage.run(current, handler);
}
