/** Eventually: waits for a condition of the outside world, by looking again and again. */
import { setTimeout as pause } from "node:timers/promises";

const lookEveryMs = 5;
const giveUpAfterMs = 20_000;

/**
 * What `look` answers once it is neither undefined nor false. `what` says in the error what was waited for.
 *
 * Whatever `look` throws counts as "not yet"; the last of it is the error's cause.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const giveUpMs = performance.now() + giveUpAfterMs;
  let cause: unknown;
  do {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await pause(lookEveryMs);
  } while (performance.now() < giveUpMs);
  throw new Error(`This never came true: ${what}`, { cause });
}
