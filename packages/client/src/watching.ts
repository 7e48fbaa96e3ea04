/**
 * Watching: the events of one request, for whoever iterates over them.
 *
 * (W1) It begins with what has happened, over a new connection once more, and ends with the request; where it cannot be
 *      watched (any more) it throws why.
 * (W2) Whoever leaves the loop, or aborts the signal, is told nothing more by the node either.
 */
import type { Asker, Asking, CancelSignal, RequestEvent } from "@mpreg/core/rpc";
import { EventQueue, onAbort } from "@mpreg/core/structures";

/** Events that are kept and have not been taken. */
const eventsMax = 1_000;

/** `ask` begins, and answers the number by which `asking` withdraws it. */
export function watching(
  asking: Pick<Asking, "codec" | "withdraw">,
  signal: CancelSignal | undefined,
  ask: (asker: Asker) => number,
): AsyncIterableIterator<RequestEvent> {
  let number: number | undefined = undefined;
  let stopListening: (() => void) | undefined;
  const leave = (): void => void events.return();
  const events = new EventQueue<RequestEvent>(eventsMax, () => {
    stopListening?.();
    if (number !== undefined) asking.withdraw(number); // (W2); does nothing once it has ended
  });
  if (signal?.aborted === true) {
    leave();
    return events;
  }
  if (signal !== undefined) stopListening = onAbort(signal, leave);
  const end = (): void => {
    events.end();
  };
  number = ask({
    event: (event, value) => {
      try {
        const told = value === undefined ? event : { ...event, value: asking.codec.decode(value) };
        events.push(told);
      } catch (error) {
        events.fail(error as Error); // (W1)
      }
    },
    answered: end,
    results: end,
    failed: (error) => {
      events.fail(error); // (W1)
    },
  });
  return events;
}
