/**
 * Events: what happens to a request while it runs, as whoever watches it is told. The telling is `watch.ts`.
 */
import type { ErrorCode, Outcome } from "../base/index.js";
import type { Missed } from "../structures/index.js";

/** What an event tells of an error. */
export interface EventError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  /** Name of the node where it happened, where that is known. */
  readonly node?: string | undefined;
}

/** A step of a request, as it was planned. */
export interface PlannedStep {
  readonly name: string;
  readonly fun: string;
  /** Names of the steps whose results it takes. */
  readonly inputs: readonly string[];
  /** Of a map, which has no function: the names of the steps that it runs for each item; for item 3 `[3]` stands behind. */
  readonly map?: readonly string[] | undefined;
}

/** Something that has happened to a request; `step` is always the name of a step. */
export type RequestEvent = Happened & Dated;

/** When it happened. */
interface Dated {
  /** In ms since the request was received; only of what is told later than it happened, where that is known. */
  readonly atMs?: number;
}

type Happened =
  /** A node coordinates it from now on; or has for `ageMs`, where that is told later. */
  | { readonly kind: "received"; readonly requestId: string; readonly node: string; readonly ageMs?: number }
  /** Not of a single call, which has no plan. */
  | { readonly kind: "planned"; readonly steps: readonly PlannedStep[] }
  /** All inputs of the step are there. Not of a single call, which has none. */
  | { readonly kind: "step-ready"; readonly step: string }
  /**
   * The step was given to a node, where it runs or waits for its turn. Told again when that node refuses it, when it is
   * hedged, and when its result has to be made again.
   */
  | { readonly kind: "started"; readonly step: string; readonly node: string }
  /** It is given to a node again, because a node or thread that ran it was lost. */
  | {
      readonly kind: "retried";
      readonly step: string;
      readonly attempts: number;
      /** What became of the run before, and at which node. */
      readonly because?: EventError;
    }
  /** The handler of the step has reported something: see `context().progress`. */
  | {
      readonly kind: "progress";
      readonly step: string;
      readonly node: string;
      /** What it has reported; absent where that could not be told. */
      readonly value?: unknown;
      /** Why not. */
      readonly refusal?: string;
    }
  /** The list of a map is there. Of the steps of its items those of the first 1,000 are told of. */
  | { readonly kind: "mapped"; readonly step: string; readonly items: number }
  | {
      readonly kind: "result-available";
      readonly step: string;
      readonly node: string;
      readonly bytes: number;
      /** The result itself, for those who want `intermediates`, if it takes no more than 16 KiB. */
      readonly value?: unknown;
    }
  | { readonly kind: "step-failed"; readonly step: string; readonly error: EventError }
  /** The step will not run, because a step whose result it takes has failed or was skipped. */
  | { readonly kind: "skipped"; readonly step: string; readonly because: string }
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly error: EventError }
  /** In the place of events that could not be told. */
  | Missed;

/** Bytes of a value that is told with an event: a result, or what a handler reports. */
export const eventBytesMax: number = 16 * 1024;

/** What a handler has reported, on its way to those who watch. */
export interface Progress {
  /** Reports before it that could not be told. */
  readonly missed: number;
  /** Encoded; without it and `refusal`, only `missed` is told. */
  readonly value: Uint8Array | undefined;
  /** Why it is not told. */
  readonly refusal: string | undefined;
}

/** Takes events. */
export interface EventSink {
  /** `value` is the encoded value that the event tells of, where it is small. */
  event(event: RequestEvent, value: Uint8Array | undefined): void;
}
