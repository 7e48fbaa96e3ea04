/**
 * Watching: the events of one request, for whoever iterates over them.
 *
 * (B1) It begins with what has happened, over a client's new connection once more, and ends with the request; where it
 *      cannot be watched (any more) it throws why.
 * (B2) Whoever leaves the loop, aborts the signal, or has had its time is told nothing more by the node either.
 */
import { MpregError, checkOptions, optionNames, quoted } from "../../base/index.js";
import { EventQueue, onAbort } from "../../structures/index.js";
import type { RequestEvent } from "../events.js";
import { type CancelSignal, checkListeners, checkName, durationMs, flagOf } from "../graph/call-options.js";
import type { Looking } from "./ask.js";

/** Options of watching a request. */
export interface WatchOptions {
  /** Ends the iterator; what it has not taken yet is dropped. */
  readonly signal?: CancelSignal | undefined;
  /** For how long it is watched, in ms: if the request has not ended by then, `deadline` is thrown. Default: until it ends. */
  readonly timeoutMs?: number | undefined;
  /** Tell results of steps that take 16 KiB at most with their events. Default: `false`. */
  readonly intermediates?: boolean | undefined;
}

const watchNames: ReadonlySet<string> = optionNames<WatchOptions>({
  signal: true,
  timeoutMs: true,
  intermediates: true,
});

/** Events that are kept and have not been taken. */
const eventsMax = 1_000;

/** What becomes of a request, from its beginning to its end. */
export function watching(
  asking: Pick<Looking, "codec" | "look" | "withdraw" | "nodeName">,
  requestId: string,
  options: WatchOptions,
): AsyncIterableIterator<RequestEvent> {
  checkName(requestId, "the request", "watch");
  checkOptions(options, watchNames, "watch");
  checkListeners(options, "watch");
  const { signal } = options;
  const timeoutMs = durationMs(options.timeoutMs, "watch: timeoutMs");
  const intermediates = flagOf(options.intermediates, "intermediates", "watch") === true;
  let number: number | undefined = undefined;
  let stopListening: (() => void) | undefined;
  const leave = (): void => void events.return();
  const events = new EventQueue<RequestEvent>(eventsMax, () => {
    stopListening?.();
    if (number !== undefined) asking.withdraw(number); // (B2); does nothing once it has ended
  });
  if (signal?.aborted === true) {
    leave();
    return events;
  }
  if (signal !== undefined) stopListening = onAbort(signal, leave);
  const end = (): void => {
    events.end();
  };
  number = asking.look(
    { kind: "watch", requestId, now: false, intermediates, timeoutMs },
    {
      event: (event, value) => {
        try {
          const told = value === undefined ? event : { ...event, value: asking.codec.decode(value) };
          events.push(told);
        } catch (error) {
          events.fail(error as Error); // (B1)
        }
      },
      answered: end,
      results: end,
      failed: (error) => {
        const placed = error.at({ node: asking.nodeName, request: requestId });
        events.fail(placed.code === "deadline" && timeoutMs > 0 ? overdue(placed, requestId, timeoutMs) : placed); // (B1)
      },
    },
  );
  return events;
}

/** Whoever has found it knows of an answer that has not come, and not of a request that goes on. */
function overdue({ node, outcome }: MpregError, request: string, timeoutMs: number): MpregError {
  const message = `The time allowed (${timeoutMs} ms) ran out before request ${quoted(request)} had ended`;
  return new MpregError("deadline", message, { outcome, node, request });
}
