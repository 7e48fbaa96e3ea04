/**
 * Validation: arguments and results through the schemas of their function.
 *
 * Owns the two checks and what a refusal says. The schemas come from `contract.ts` or from a registration's options.
 *
 * (N1) Nobody waits for a synchronous schema: the answer is a promise only if one of the schemas gave one.
 * (N2) Every refused argument is named, not only the first.
 * (N3) A refused result has outcome "applied": the handler has run.
 */
import { checkedBy } from "./checked.js";
import type { InputSchemas } from "./contract.js";
import { MpregError } from "./errors.js";
import {
  type StandardSchema,
  type Validation,
  describeIssues,
  isPromise,
  isSchema,
  validate,
} from "./standard-schema.js";
import { isA, thrownText } from "./thrown.js";

/**
 * Passes arguments through the schemas of `input`: the handler's arguments, or a promise if a schema gives one.
 *
 * Missing arguments are offered to their schemas as `undefined`. Throws (or rejects with) `invalid-input`, whose
 * message names every refused argument; `fun` is the function's name for the message.
 */
export function validateArguments(
  fun: string,
  input: InputSchemas | undefined,
  args: readonly unknown[],
): readonly unknown[] | Promise<readonly unknown[]> {
  if (input === undefined) return args;
  const schemas = isSchema(input) ? [input] : input; // one schema = one argument (C1)
  if (args.length > schemas.length) {
    const takes = `${schemas.length} argument${schemas.length === 1 ? "" : "s"}`;
    throw new MpregError("invalid-input", `Cannot call ${quoted(fun)}: it takes ${takes}, got ${args.length}`);
  }
  const refused = (cause: unknown): MpregError => schemaThrew(`Cannot call ${quoted(fun)}`, cause);
  const verdicts: (Validation<unknown> | Promise<Validation<unknown>>)[] = [];
  let waits = false;
  try {
    for (let i = 0; i < schemas.length; i++) {
      const verdict = validate(schemas[i] as StandardSchema, args[i]);
      waits ||= isPromise(verdict);
      verdicts.push(verdict);
    }
  } catch (cause) {
    for (const verdict of verdicts) if (isPromise(verdict)) verdict.catch(() => undefined); // the first failure answers
    throw refused(cause);
  }
  const accept = (settled: readonly Validation<unknown>[]): unknown[] => {
    try {
      return accepted(fun, settled);
    } catch (cause) {
      throw isA(cause, MpregError) ? cause : refused(cause); // issues that are none
    }
  };
  if (!waits) return accept(verdicts as Validation<unknown>[]); // (N1)
  return Promise.all(verdicts.map((verdict) => Promise.resolve(verdict))).then(accept, (cause: unknown) => {
    throw refused(cause);
  });
}

function accepted(fun: string, verdicts: readonly Validation<unknown>[]): unknown[] {
  const values: unknown[] = [];
  const complaints: string[] = [];
  verdicts.forEach((verdict, index) => {
    if (verdict.kind === "valid") values.push(verdict.value);
    else complaints.push(describeIssues(verdict.issues, `argument ${index + 1}`)); // (N2)
  });
  if (complaints.length === 0) return values;
  throw new MpregError("invalid-input", `Cannot call ${quoted(fun)}: ${complaints.join("; ")}`);
}

/**
 * Passes a handler's result through the `output` schema: the caller's result, or a promise if the schema gives one.
 *
 * Throws (or rejects with) `invalid-output`, with outcome `"applied"`: the handler has run.
 */
export function validateResult(fun: string, output: StandardSchema | undefined, result: unknown): unknown {
  if (output === undefined) return result;
  const what = `The result of ${quoted(fun)} is not what its contract says`;
  return checkedBy(output, result, { code: "invalid-output", what, place: "result", outcome: "applied" }); // (N1, N3)
}

function schemaThrew(what: string, cause: unknown): MpregError {
  return new MpregError("invalid-input", `${what}: its schema threw: ${thrownText(cause)}`, { cause });
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
