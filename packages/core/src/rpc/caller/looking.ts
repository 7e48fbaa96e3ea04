/**
 * Looking: one answer to a question about requests, for whoever asks it once. Who follows a request iterates (`watching.ts`).
 *
 * (A1) Its promise settles once: with the answer, or with why there is none, as that the signal has aborted or the time allowed
 *      is over.
 */
import { MpregError, checkOptions, optionNames, placed } from "../../base/index.js";
import { type CancelSignal, checkListeners, checkName, durationMs } from "../graph/call-options.js";
import type { Asker } from "../run.js";
import type { RequestTrace } from "../types.js";
import type { RequestList } from "../watching/listing.js";
import type { Asking, Looking } from "./ask.js";
import { ValueWaiter } from "./waiters.js";

/** Options of a question about the cluster, or about what runs there. */
export interface InspectOptions {
  /** Gives up waiting for the answer. */
  readonly signal?: CancelSignal | undefined;
  /** Time allowed, in ms; `deadline` after. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

/** Options of a list of requests. */
export interface RequestsOptions extends InspectOptions {
  /** Name or id of the node whose requests are listed. Default: the node that is asked. */
  readonly node?: string | undefined;
}

/** Options of what topics of a node come to. */
export interface TopicReportOptions extends InspectOptions {
  /** Name or id of the node that is meant. Default: the node that is asked. */
  readonly node?: string | undefined;
  /** How many kinds of subscriptions are told of. Default and at most 1,000: those for which most waits, then those to which most was handed on. */
  readonly most?: number | undefined;
}

const inspectNames = optionNames<InspectOptions>({ signal: true, timeoutMs: true });
const requestsNames = optionNames<RequestsOptions>({ node: true, signal: true, timeoutMs: true });

/** Begins to ask; answers the number by which it is given up. */
type Begin = (timeoutMs: number, asker: Asker) => number;

const reportNames = optionNames<TopicReportOptions>({ node: true, most: true, signal: true, timeoutMs: true });

/** The answer to what `who`, a name for messages, asks by `begin`. */
export function inspecting(
  asking: Asking,
  who: string,
  options: InspectOptions | undefined,
  begin: Begin,
): Promise<unknown> {
  return answerOf(asking, who, options, inspectNames, begin);
}

/** What is known of a request. */
export function traceOf(
  asking: Looking,
  requestId: string,
  options: InspectOptions | undefined,
): Promise<RequestTrace> {
  const answer = answerOf(asking, "trace", options, inspectNames, (timeoutMs, asker) => {
    checkName(requestId, "the request", "trace");
    return asking.look({ kind: "watch", requestId, now: true, intermediates: false, timeoutMs }, asker);
  });
  return answer as Promise<RequestTrace>;
}

/** Which requests a node coordinates, and has coordinated lately. */
export function requestsOf(asking: Looking, options: RequestsOptions | undefined): Promise<RequestList> {
  const answer = answerOf(asking, "requests", options, requestsNames, (timeoutMs, asker) => {
    const node = options?.node;
    if (node !== undefined) checkName(node, "node", "requests");
    return asking.look({ kind: "requests", node, timeoutMs }, asker);
  });
  return answer as Promise<RequestList>;
}

/** What topics of a node come to. */
export function topicReportOf(asking: Looking, options: TopicReportOptions | undefined): Promise<unknown> {
  return answerOf(asking, "topics", options, reportNames, (timeoutMs, asker) => {
    const { node, most = 0 } = options ?? {};
    if (node !== undefined) checkName(node, "node", "topics");
    if (!Number.isInteger(most) || most < 0 || most > 2 ** 31 || options?.most === 0) {
      const message = `topics: most must be an integer of at least 1, got ${String(options?.most)}`;
      throw new MpregError("invalid-argument", message);
    }
    return asking.look({ kind: "topic-report", node, most, timeoutMs }, asker);
  });
}

function answerOf(
  asking: Asking,
  who: string,
  options: InspectOptions | undefined,
  known: ReadonlySet<string>,
  begin: Begin,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    try {
      if (options !== undefined) {
        checkOptions(options, known, who);
        checkListeners(options, who);
      }
      const signal = options?.signal;
      const timeoutMs = durationMs(options?.timeoutMs, `${who}: timeoutMs`);
      const waiter = new ValueWaiter(asking, undefined, resolve, reject, undefined); // (A1)
      if (signal?.aborted === true) return waiter.cancelled(signal, "not-applied");
      const number = begin(timeoutMs, waiter);
      if (signal !== undefined) waiter.cancelWith(signal, number);
    } catch (error) {
      throw placed(error, { node: asking.nodeName });
    }
  });
}
