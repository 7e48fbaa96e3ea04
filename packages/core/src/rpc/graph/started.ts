/**
 * Started: a request under way, its result, and its events for whoever iterates over them.
 *
 * (S1) The events end with the request, and leaving them does not end it.
 * (S2) A result that fails and that nobody waits for is no unhandled rejection: the events have told.
 */
import { EventQueue } from "../../structures/index.js";
import type { RequestEvent } from "../events.js";

/** A request that has been started. */
export interface StartedRun<R> {
  readonly result: Promise<R>;
  /**
   * What happens to the request, until its end; can be read once. 1,000 events are kept that were not taken; beyond, the
   * oldest are dropped and `{ kind: "missed", count }` stands in their place.
   */
  readonly events: AsyncIterableIterator<RequestEvent>;
}

/** Events that are kept and have not been taken. */
const eventsMax = 1_000;

/** `run` begins, and tells its events. */
export function startRun<R>(run: (onEvent: (event: RequestEvent) => void) => Promise<R>): StartedRun<R> {
  const events = new EventQueue<RequestEvent>(eventsMax, () => undefined);
  const result = run((event) => {
    events.push(event);
  });
  const end = (): void => {
    events.end(); // (S1)
  };
  result.then(end, end); // (S2)
  return { result, events };
}
