/**
 * Contract: what a set of functions takes and gives, written once and used by both sides.
 *
 * Owns the declaration (`fn`, `contract`) and the types both sides get from it. The checks of arguments and results
 * are `validation.ts`; when they run is the drivers' business: on the node, around the handler.
 *
 * (C1) A single schema as `input` means exactly one argument; an array one per positional argument.
 * (C2) The caller's side has the schemas' input types for arguments and output types for results; the handler's side
 *      the other way round, since the node applies the schemas between the two.
 */
import { MpregError } from "./errors.js";
import { checkOptions, kindOf, optionNames } from "./options.js";
import { type InferInput, type InferOutput, type StandardSchema, isSchema } from "./standard-schema.js";

/** One schema = the function takes one argument; an array = one per positional argument, `[]` = none. */
export type InputSchemas = StandardSchema | readonly StandardSchema[];

/** The declaration of one function; made by {@link fn}. */
export interface FunctionContract<
  In extends InputSchemas | undefined = InputSchemas | undefined,
  Out extends StandardSchema | undefined = StandardSchema | undefined,
> {
  readonly input: In;
  readonly output: Out;
  /** Resources that a node needs beside the function; asked for in every call. */
  readonly resources: readonly string[];
  /** Whether a call may be run again when nobody knows whether it took effect; see `RegisterOptions`. */
  readonly idempotent?: Idempotent | undefined;
}

/** Which calls of a function may be run twice with the effect of once: none, all, or those with an `idempotencyKey`. */
export type Idempotent = boolean | "with-key";

/** Functions by name; made by {@link contract}. */
export type Contract = Readonly<Record<string, FunctionContract>>;

/**
 * Declares a function for a {@link contract}.
 *
 * `input`: one schema (zod, valibot, arktype or any other with Standard Schema) when the function takes one argument,
 * or an array of schemas, one per positional argument (`[]` = none). Without it arguments are `unknown[]`. `output`:
 * the schema of the result; without it the result is `unknown`. Arguments whose schema accepts `undefined` may be
 * left out at the end. Throws `invalid-argument` for anything that is not a schema, and for options it does not have.
 *
 * ```ts
 * fn({ input: [z.string(), z.object({ unit: z.enum(["C", "F"]) })], output: z.number(), resources: ["raw-data"] })
 * ```
 */
export function fn<
  const In extends InputSchemas | undefined = undefined,
  Out extends StandardSchema | undefined = undefined,
>(
  options: {
    readonly input?: In;
    readonly output?: Out;
    readonly resources?: readonly string[];
    readonly idempotent?: Idempotent;
  } = {},
): FunctionContract<In, Out> {
  checkOptions(options, declarationNames, "fn");
  const { input, output, resources = [], idempotent } = options;
  const inputs: readonly unknown[] = Array.isArray(input) ? input : input === undefined ? [] : [input];
  inputs.forEach((schema, index) => {
    if (!isSchema(schema)) throw notSchema(Array.isArray(input) ? `input[${index}]` : "input", schema);
  });
  if (output !== undefined && !isSchema(output)) throw notSchema("output", output);
  if (idempotent !== undefined && !isIdempotent(idempotent)) {
    throw new MpregError("invalid-argument", 'fn: idempotent must be true, false or "with-key"');
  }
  if (!areNames(resources)) {
    throw new MpregError("invalid-argument", "fn: resources must be an array of names that are not empty");
  }
  // Left out, the type parameters are `undefined`, which is then also the value.
  const declared = { input: input as In, output: output as Out, resources: Object.freeze([...resources]) };
  return Object.freeze(idempotent === undefined ? declared : { ...declared, idempotent });
}

const declarationNames: ReadonlySet<string> = optionNames<FunctionContract>({
  input: true,
  output: true,
  resources: true,
  idempotent: true,
});

/** Whether the value is what `idempotent` may be. */
export function isIdempotent(value: unknown): value is Idempotent {
  return typeof value === "boolean" || value === "with-key";
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === "string" && name !== "");
}

function notSchema(option: string, value: unknown): MpregError {
  return new MpregError(
    "invalid-argument",
    `fn: ${option} must be a schema with the Standard Schema interface (zod, valibot, arktype, …), got ${typeof value}`,
  );
}

/** Gives names to the functions of a contract. Throws `invalid-argument` for an entry that is not made by {@link fn}. */
export function contract<const C extends Contract>(functions: C): C {
  checkContract(functions);
  return Object.freeze({ ...functions });
}

/** Throws `invalid-argument` unless `value` is a contract, or could be made one. */
export function checkContract(value: unknown): asserts value is Contract {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = `A contract must be an object of functions by name, got ${kindOf(value)}`;
    throw new MpregError("invalid-argument", message);
  }
  for (const [name, declared] of Object.entries(value as Record<string, Partial<FunctionContract> | null>)) {
    if (name === "" || typeof declared !== "object" || !Array.isArray(declared?.resources)) {
      throw new MpregError("invalid-argument", `contract: ${JSON.stringify(name)} must be declared with fn({ … })`);
    }
  }
}

type SchemaList<In> = In extends readonly StandardSchema[] ? In : In extends StandardSchema ? readonly [In] : never;

type Inputs<L extends readonly StandardSchema[]> = { -readonly [I in keyof L]: InferInput<L[I]> };
type Outputs<L extends readonly StandardSchema[]> = { -readonly [I in keyof L]: InferOutput<L[I]> };

/** Makes the elements at the end that may be `undefined` optional. */
type OptionalAtEnd<T extends readonly unknown[]> = T extends readonly [...infer Rest, infer Last]
  ? undefined extends Last
    ? [...OptionalAtEnd<Rest>, Last?]
    : T
  : T;

/** What a caller passes. */
export type CallArguments<F extends FunctionContract> = undefined extends F["input"]
  ? unknown[]
  : OptionalAtEnd<Inputs<SchemaList<F["input"]>>>;

/** What a caller gets. */
export type CallResult<F extends FunctionContract> = F["output"] extends StandardSchema
  ? InferOutput<F["output"]>
  : unknown;

/** What a handler receives: the caller's arguments as its schemas gave them back. (C2) */
export type HandlerArguments<F extends FunctionContract> = undefined extends F["input"]
  ? unknown[]
  : Outputs<SchemaList<F["input"]>>;

/** What a handler returns, itself or as a promise, before the output schema. (C2) */
export type HandlerResult<F extends FunctionContract> = F["output"] extends StandardSchema
  ? InferInput<F["output"]>
  : unknown;

/** The function behind one entry of a contract. */
export type Handler<F extends FunctionContract> = (
  ...args: HandlerArguments<F>
) => HandlerResult<F> | PromiseLike<HandlerResult<F>>;
