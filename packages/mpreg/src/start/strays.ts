/**
 * Strays: rejections that nobody handles and exceptions that nobody catches.
 *
 * (Y1) A stray rejection is logged, with the function whose handler left it behind, and the node goes on: one careless
 *      handler must not take the others with it, whatever value it rejected with and whatever becomes of the log.
 * (Y2) What tells that the program itself is broken ends it, in order and as a failure of the program, never of what was
 *      typed: an exception that nobody caught has left who knows what half done, a failed assertion is a mistake of ours.
 */
import { AssertionError, isA } from "@mpreg/core/base";
import type { Logger } from "@mpreg/node";
import { type Thrown, describeThrown } from "./thrown.js";

export interface Strays {
  /** Rejects when the program has to end. */
  readonly fatal: Promise<never>;
}

/** Ends the program in the place of what nobody caught, whose class and code would be taken for ours. (Y2) */
class UncaughtError extends Error {
  override readonly name: string = "UncaughtError";

  constructor({ message, stack }: Thrown) {
    super(message);
    this.stack = stack ?? message;
  }
}

/** Watches over the whole process. `handlerPlace` says whose code it is that runs, where that is known. */
export function watchStrays(log: Logger, handlerPlace: () => object): Strays {
  const fatal = new Promise<never>((_, reject) => {
    process.on("unhandledRejection", (reason) => {
      if (isA(reason, AssertionError)) return reject(reason); // (Y2)
      const err = describeThrown(reason);
      quietly(() => log.error({ ...handlerPlace(), err }, "a promise was rejected and nobody handled it")); // (Y1)
    });
    process.on("uncaughtException", (error: unknown) => {
      const err = describeThrown(error);
      reject(new UncaughtError(err)); // (Y2)
      quietly(() =>
        log.fatal({ ...handlerPlace(), err }, "an exception was thrown and nobody caught it: the node ends"),
      );
    });
  });
  fatal.catch(() => undefined); // it may come when nobody waits any more
  return { fatal };
}

/** A logger of the user's may throw: that is no reason to end, and nobody is left to tell. (Y1) */
function quietly(log: () => void): void {
  try {
    log();
  } catch {
    return;
  }
}
