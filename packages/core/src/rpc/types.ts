/**
 * Requests as data: what a graph of calls is once names have become positions and values have become bytes.
 *
 * Owns the shapes shared by the builder (`graph.ts`), the plain form (`plain.ts`), the planner (`plan.ts`), the
 * wire and the machine that runs a request.
 */
import type { ErrorCode, MpregError } from "../base/index.js";
import type { EventError } from "./events.js";
import type { StepTerms } from "../wire/terms.js";

/** Way into a value: object keys and array positions; `length` of an array or a string. */
export type Path = readonly (string | number)[];

/** Says that a place takes the result of step number `step` (position in the request), or the part at `path`. */
export interface Binding {
  readonly step: number;
  readonly path: Path;
}

/** What kind of end a request gives its independent branches when one fails. */
export type OnError = "fail" | "settle";

/** One step, ready for the wire: `template` is the encoded argument array whose hole `i` is `bindings[i]`. */
export interface StepSpec {
  readonly name: string;
  readonly fun: string;
  readonly resources: readonly string[];
  readonly template: Uint8Array;
  readonly bindings: readonly Binding[];
  /** Time allowed for this step alone, from the moment its inputs are there; 0 = only the request's. */
  readonly timeoutMs: number;
  readonly terms: StepTerms | undefined;
  /** It calls no function, but runs these steps for each item of the list that `template` is. */
  readonly map?: StepMapSpec | undefined;
}

/** What a map does with each item. In the bindings 0 is the item, then come the bindings of the map, then `steps`. */
export interface StepMapSpec {
  readonly concurrency: number;
  readonly steps: readonly StepSpec[];
  readonly result: Binding;
}

/** A whole request, ready for the wire. `outputs` are the values the caller gets, in this order. */
export interface RequestSpec {
  readonly steps: readonly StepSpec[];
  readonly outputs: readonly Binding[];
  readonly onError: OnError;
  /** How long a step may wait for a node to offer its function; 0 = not at all. */
  readonly waitForCapacityMs: number;
  /** Time allowed for the whole request; 0 = the node's default. */
  readonly timeoutMs: number;
  /** Ask for the {@link RequestSummary}. */
  readonly summary: boolean;
  readonly detached?: boolean | undefined;
  /** Hear how it gets on. */
  readonly watch?: boolean | undefined;
  readonly intermediates?: boolean | undefined;
}

/** Where the time of one step went. Times in ms since the request reached its coordinator. */
export interface StepSummary {
  readonly name: string;
  readonly fun: string;
  /** Name of the node that ran it. */
  readonly node: string;
  /** All inputs were there. */
  readonly readyMs: number;
  /** The handler started (estimated for a remote node: half of the network time after it was sent). */
  readonly startMs: number;
  /** Waiting for a candidate, a permit or a thread. */
  readonly queueMs: number;
  readonly networkMs: number;
  /** Handler, including decoding its arguments and encoding its result. */
  readonly runMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * How often it was run for this result: more than once where a node or thread was lost, or it was hedged. A step whose
   * result was lost and made again is told of twice.
   */
  readonly attempts: number;
  /** Names of the steps whose results it took; left out where there are none. */
  readonly inputs?: readonly string[] | undefined;
  /**
   * Of a map: of how many items. Its times are those of the items on which its end waited, one after the other; what is not
   * known to be network or run is `queueMs`.
   */
  readonly items?: number | undefined;
  /** Of a step that ran for an item: the name of the map. */
  readonly itemOf?: string | undefined;
}

/** What a request did, as told by its coordinator. */
export interface RequestSummary {
  readonly requestId: string;
  readonly coordinator: string;
  readonly totalMs: number;
  /** Of those that ran for items of maps only the 100 that took longest. */
  readonly steps: readonly StepSummary[];
  /** What ran for items and is not among `steps`; left out where there is none. */
  readonly leftOut?: LeftOut | undefined;
}

/** Steps that a summary does not tell of one by one. */
export interface LeftOut {
  readonly steps: number;
  /** How long they took, all together. */
  readonly durationMs: number;
}

/** What is known of a request: of one that runs, so far. */
export interface RequestTrace extends RequestSummary {
  readonly state: "running" | "finished" | "failed";
  /** Why it has failed. */
  readonly error?: EventError;
  /** Steps that were given to a node and have not ended. */
  readonly running: readonly { readonly step: string; readonly node: string }[];
  /**
   * Steps without a result, and what they are at; where the request has failed, what they were at then. Left out where there
   * is none. Of the steps of items those of the first 1,000 of a map.
   */
  readonly unfinished?: readonly UnfinishedStep[] | undefined;
}

/** A step that has no result. Times in ms since the request reached its coordinator. */
export interface UnfinishedStep {
  readonly step: string;
  /**
   * `blocked`: inputs are not there. `ready`: all are, and no node was given it. `running`: a node was, or it is a map whose
   * items run. `called-off`: it had not ended when the map failed that it ran for. `skipped`: what it needs has failed.
   */
  readonly status: "blocked" | "ready" | "running" | "failed" | "skipped" | "called-off";
  /** Name of the node that was given it last, if one was. */
  readonly node?: string | undefined;
  /** All inputs were there. */
  readonly readyMs?: number | undefined;
  /** The node was given it, where it runs or waits for its turn; the list of the map was there. */
  readonly startMs?: number | undefined;
  /** Of a map whose list was there: of how many items. */
  readonly items?: number | undefined;
  /** Of a map that runs for an item: the name of the map around it. */
  readonly itemOf?: string | undefined;
  /** Code of the error with which it has failed. */
  readonly code?: ErrorCode | undefined;
}

/** What became of one step of a request that ran with `onError: "settle"`. */
export type StepOutcome =
  | { readonly status: "done" }
  | { readonly status: "failed"; readonly error: MpregError }
  /** Not started, because `because` (a step it depends on) failed. */
  | { readonly status: "skipped"; readonly because: string };
