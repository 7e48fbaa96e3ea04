/**
 * Strays: rejections that nobody handles and exceptions that nobody catches.
 *
 * (Y1) A stray rejection is logged, with the function whose handler left it behind, and the node goes on: one careless
 *      handler must not take the others with it.
 * (Y2) What tells that the program itself is broken ends it, in order: an exception that nobody caught has left who knows
 *      what half done, a failed assertion is a mistake of ours.
 */
import { AssertionError } from "@mpreg/core/base";
import type { Logger } from "@mpreg/node";

export interface Strays {
  /** Rejects when the program has to end. */
  readonly fatal: Promise<never>;
}

/** Watches over the whole process. `handlerPlace` says whose code it is that runs, where that is known. */
export function watchStrays(log: Logger, handlerPlace: () => object): Strays {
  const fatal = new Promise<never>((_, reject) => {
    process.on("unhandledRejection", (reason) => {
      if (reason instanceof AssertionError) return reject(reason); // (Y2)
      log.error({ ...handlerPlace(), err: asError(reason) }, "a promise was rejected and nobody handled it"); // (Y1)
    });
    process.on("uncaughtException", (error) => {
      log.fatal(
        { ...handlerPlace(), err: asError(error) },
        "an exception was thrown and nobody caught it: the node ends",
      );
      reject(error); // (Y2)
    });
  });
  fatal.catch(() => undefined); // it may come when nobody waits any more
  return { fatal };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
