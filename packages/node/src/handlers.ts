/**
 * Handlers: what the core's handlers need of Node.js: a context that follows their awaits, signals, timers, a log.
 *
 * (N1) `context()` answers the same call's context after every `await` of the handler.
 * (N2) What happens after 0 ms happens at the end of this turn of the event loop, when all that has arrived was read.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { performance } from "node:perf_hooks";
import { type ContextHost, type Registration, provideContextStorage } from "@mpreg/core/handlers";
import type { Codec } from "@mpreg/core/values";
import type { Logger } from "./log.js";

/** A registered function; a block that holds it with `using` withdraws it at its end. */
export interface NodeRegistration extends Registration, Disposable {}

/** What a node's handlers get at. */
export function contextHost(
  nodeName: string,
  log: Logger,
  codec: Codec,
  {
    callerOf,
    report,
    publish,
    ask,
    startBatch,
  }: Required<Pick<ContextHost, "callerOf" | "report" | "publish" | "ask" | "startBatch">>,
): ContextHost {
  provideContextStorage(new AsyncLocalStorage()); // (N1)
  return {
    nodeName,
    now: () => performance.now(),
    wallMs: () => Date.now(),
    createAbort: () => new AbortController(),
    logOf: ({ request, step, traceparent }) => log.child({ request, step, ...traceFieldsOf(traceparent) }),
    codec,
    callerOf,
    report,
    publish,
    ask,
    startBatch,
    after: (durationMs, happen) => {
      if (durationMs === 0) {
        const turn = setImmediate(happen); // (N2)
        return () => {
          clearImmediate(turn);
        };
      }
      const timer = setTimeout(happen, durationMs);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** What log lines say of a trace, under the names that OpenTelemetry has for them. */
export function traceFieldsOf(traceparent: string | undefined): object {
  if (traceparent === undefined) return {};
  const [, traceId, spanId, flags] = traceparent.split("-");
  return { trace_id: traceId, span_id: spanId, trace_flags: flags };
}

/** The registration, as what `using` takes. */
export function disposable(registration: Registration): NodeRegistration {
  return {
    ...registration,
    [Symbol.dispose]: () => {
      registration.unregister();
    },
  };
}
