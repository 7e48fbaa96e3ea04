/**
 * Ask: work that a program wants done, encoded, and the end of it. What a caller (`caller.ts`) gives to whatever
 * carries its calls: a client's link, or the node it lives in.
 */
import type { MpregError } from "../base/index.js";
import type { CallMessage, RequestMessage, StepReport } from "../wire/index.js";
import type { RequestSummary } from "./types.js";

/** One call, whoever asks for it. */
export type CallFields = Omit<CallMessage, "kind" | "id">;

/** One request, whoever asks for it. */
export type RequestFields = Omit<RequestMessage, "kind" | "id">;

export type Ask =
  { readonly kind: "call"; readonly fields: CallFields } | { readonly kind: "request"; readonly fields: RequestFields };

/** The end of an {@link Ask}. */
export type Settled =
  | { readonly kind: "answered"; readonly value: Uint8Array; readonly summary: RequestSummary | undefined }
  | {
      readonly kind: "results";
      readonly outputs: readonly (Uint8Array | undefined)[];
      /** One entry per step, only where the request settles. */
      readonly reports: readonly StepReport[] | undefined;
      readonly summary: RequestSummary | undefined;
    }
  | { readonly kind: "failed"; readonly error: MpregError };
