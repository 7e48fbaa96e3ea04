/**
 * Platform: the two things that handlers get and the language does not have: signals, and a context that follows an await.
 *
 * Neither has an influence on the order in which things happen.
 *
 * (P1) Nothing of a platform is imported: where it has no `AsyncLocalStorage`, handlers have to take their context
 *      before their first `await`.
 */
import { type AbortSource, type ContextStorage, provideContextStorage } from "@mpreg/core/handlers";

/** What is used of the globals; every platform of today has the first, Node.js (and what follows it) the second. */
interface Platform {
  readonly AbortController: new () => AbortSource;
  readonly process?: { readonly getBuiltinModule?: (name: string) => AsyncHooks | undefined };
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => ContextStorage;
}

const { AbortController, process } = globalThis as unknown as Platform;

/** The source of a handler's signal. */
export function createAbort(): AbortSource {
  return new AbortController();
}

/** Lets `context()` follow handlers through their awaits, where the platform can. (P1) */
export function followHandlers(): void {
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  if (hooks !== undefined) provideContextStorage(new hooks.AsyncLocalStorage());
}
