/** Checked: one value through one schema, where what it says otherwise is an error with a name. */
import { type ErrorCode, MpregError, type Outcome } from "./errors.js";
import { type StandardSchema, type Validation, describeIssues, isPromise, validate } from "./standard-schema.js";
import { thrownText } from "./thrown.js";

/** What is told where a schema refuses. */
export interface Refusal {
  readonly code: Extract<ErrorCode, "invalid-input" | "invalid-output">;
  /** What could not be done. */
  readonly what: string;
  /** What the value is called, such as `payload`. */
  readonly place: string;
  readonly outcome?: Outcome;
}

/** `value` as `schema` gives it back; a promise where the schema gives one. Throws, or rejects with, what `refusal` says. */
export function checkedBy(schema: StandardSchema, value: unknown, refusal: Refusal): unknown {
  const { code, what, place, outcome = "not-applied" } = refusal;
  const threw = (cause: unknown): MpregError =>
    new MpregError(code, `${what}: its schema threw: ${thrownText(cause)}`, { outcome, cause });
  const accept = (verdict: Validation<unknown>): unknown => {
    if (verdict.kind === "valid") return verdict.value;
    let complaint: string;
    try {
      complaint = describeIssues(verdict.issues, place);
    } catch (cause) {
      throw threw(cause); // issues that are none
    }
    throw new MpregError(code, `${what}: ${complaint}`, { outcome });
  };
  let verdict: Validation<unknown> | Promise<Validation<unknown>>;
  try {
    verdict = validate(schema, value);
  } catch (cause) {
    throw threw(cause);
  }
  if (!isPromise(verdict)) return accept(verdict);
  return verdict.then(accept, (cause: unknown) => {
    throw threw(cause);
  });
}
