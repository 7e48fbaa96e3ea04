/**
 * Standard Schema: the interface through which zod, valibot, arktype and others are used alike, and how a refusal reads.
 *
 * The types are version 1 of https://standardschema.dev, copied as the specification invites one to, so that the core
 * depends on nothing. Which schema guards what is `contract.ts`.
 *
 * (V1) A check is a promise only if the schema's own answer is one.
 * (V2) A refusal names the place: the argument's position, then the path inside it.
 */

/** A schema of any library that implements Standard Schema v1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": StandardSchemaProperties<Input, Output>;
}

export interface StandardSchemaProperties<Input = unknown, Output = Input> {
  readonly version: 1;
  readonly vendor: string;
  readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What a schema answers. `issues` absent = accepted. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Type of the values a schema accepts. */
export type InferInput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["input"];

/** Type of the values a schema gives back, with its defaults and transformations applied. */
export type InferOutput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"];

/** A schema's verdict on one value. `value` is the schema's output, which may differ from what went in. */
export type Validation<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "invalid"; readonly issues: readonly StandardIssue[] };

/** True for anything with the Standard Schema interface; arktype's schemas are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const properties: unknown = (value as Partial<StandardSchema>)["~standard"];
  return (
    typeof properties === "object" &&
    properties !== null &&
    typeof (properties as Partial<StandardSchemaProperties>).validate === "function"
  );
}

/**
 * Asks `schema` about `value`. Answers at once unless the schema itself is asynchronous.
 *
 * Throws (or rejects with) what the schema throws; a refusal is not thrown but answered.
 */
export function validate<S extends StandardSchema>(
  schema: S,
  value: unknown,
): Validation<InferOutput<S>> | Promise<Validation<InferOutput<S>>> {
  const result = schema["~standard"].validate(value);
  return isPromise(result) ? result.then(verdict<InferOutput<S>>) : verdict<InferOutput<S>>(result); // (V1)
}

/** True for promises of any library and realm. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function verdict<T>(result: StandardResult<unknown>): Validation<T> {
  // The schema vouches for the type of what it lets through.
  return result.issues ? { kind: "invalid", issues: result.issues } : { kind: "valid", value: result.value as T };
}

const issuesShownMax = 5;

/**
 * Says what is wrong, for humans: `argument 1, at rows[0].unit: expected string`.
 *
 * `place` is what the schema was asked about, e.g. `argument 1` (positions count from 1) or `result`. At most five
 * issues are written out; the rest are counted.
 */
export function describeIssues(issues: readonly StandardIssue[], place: string): string {
  const shown = issues.slice(0, issuesShownMax).map((issue) => describeIssue(issue, place));
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`);
  return shown.length === 0 ? `${place}: refused` : shown.join("; ");
}

function describeIssue(issue: StandardIssue, place: string): string {
  const path = describePath((issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part)));
  // Some libraries begin the message with the path: once is enough.
  if (path === "" || issue.message.startsWith(`${path} `)) return `${place}: ${issue.message}`;
  return `${place}, at ${path}: ${issue.message}`; // (V2)
}

/** A path as one would write it in code: `rows[0].unit`, `["odd name"]`. */
export function describePath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(part)) {
      text += text === "" ? part : `.${part}`;
    } else {
      text += `[${typeof part === "string" ? JSON.stringify(part) : String(part)}]`;
    }
  }
  return text;
}
