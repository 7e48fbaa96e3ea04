/**
 * Queue contract: what is sent to which queue and what becomes of it, written once and used by senders and receivers.
 *
 * (Q1) What a sender gives has to be what the schema takes; what it gives back is what is in the queue, and what receivers get.
 * (Q2) The same holds of results: what whoever has done the work gives is checked there, and what the schema gives back is answered.
 */
import { MpregError } from "./errors.js";
import { quoted } from "./names.js";
import { checkOptions, kindOf, optionNames } from "./options.js";
import { type InferInput, type InferOutput, type StandardSchema, isSchema } from "./standard-schema.js";

/** What is said of one queue; each schema may be left out. */
export interface QueueDeclaration {
  /** Of the messages. */
  readonly value?: StandardSchema | undefined;
  /** Of what becomes of a message, for who waits for it (`sendAndWait`, `result`). */
  readonly result?: StandardSchema | undefined;
}

/** Queues by name: a schema of their messages, or what {@link QueueDeclaration} has; made by {@link queues}. */
export type QueueContract = Readonly<Record<string, StandardSchema | QueueDeclaration>>;

/**
 * Says what is in which queue: a schema of its messages (zod, valibot, arktype or any other with Standard Schema), or `{ value, result }` where somebody waits for
 * results. Throws `invalid-argument` for what is neither.
 *
 * ```ts
 * const shop = queues({ orders: z.object({ id: z.number() }), squares: { value: z.number(), result: z.number() } });
 * ```
 */
export function queues<const Q extends QueueContract>(declared: Q): Q {
  checkQueueContract(declared);
  return Object.freeze({ ...declared });
}

const declarationNames: ReadonlySet<string> = optionNames<QueueDeclaration>({ value: true, result: true });

/** Throws `invalid-argument` unless `value` says what is in queues. */
export function checkQueueContract(value: unknown): asserts value is QueueContract {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal(`queues must be an object of schemas by name, got ${kindOf(value)}`);
  }
  for (const [name, declared] of Object.entries(value as Record<string, unknown>)) {
    if (name === "") throw refusal("queues: the name of a queue is not empty");
    if (isSchema(declared)) continue;
    const who = `queues: ${quoted(name)}`;
    if (typeof declared !== "object" || declared === null) {
      throw refusal(`${who} must have ${aSchema}, or { value, result }, got ${kindOf(declared)}`);
    }
    checkOptions(declared, declarationNames, who);
    for (const [part, schema] of Object.entries(declared as Record<string, unknown>)) {
      if (schema !== undefined && !isSchema(schema))
        throw refusal(`${who}: ${part} must be ${aSchema}, got ${kindOf(schema)}`);
    }
  }
}

const aSchema = "a schema with the Standard Schema interface (zod, valibot, arktype, …)";

/** What a contract says of one queue; nothing of those that it does not name. */
export function queueDeclaration(contract: QueueContract | undefined, name: string): QueueDeclaration {
  const declared = contract !== undefined && Object.hasOwn(contract, name) ? contract[name] : undefined;
  if (declared === undefined) return {};
  return isSchema(declared) ? { value: declared } : declared;
}

type PartOf<D, Part extends keyof QueueDeclaration> = D extends StandardSchema
  ? Part extends "value"
    ? D
    : undefined
  : D extends { readonly [P in Part]: infer S extends StandardSchema }
    ? S
    : undefined;

type InputOf<S> = S extends StandardSchema ? InferInput<S> : unknown;
type OutputOf<S> = S extends StandardSchema ? InferOutput<S> : unknown;

/** What may be sent to a queue that is declared so. (Q1) */
export type SentValue<D> = InputOf<PartOf<D, "value">>;
/** What its receivers get. (Q1) */
export type ReceivedValue<D> = OutputOf<PartOf<D, "value">>;
/** What whoever has done the work gives. (Q2) */
export type GivenResult<D> = InputOf<PartOf<D, "result">>;
/** What its sender is answered. (Q2) */
export type AwaitedResult<D> = OutputOf<PartOf<D, "result">>;

function refusal(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
