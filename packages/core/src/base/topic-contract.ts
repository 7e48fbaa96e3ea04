/**
 * Topic contract: what is published to which topics, written once and used by publishers and subscribers.
 *
 * (P1) A message has to be what every pattern says that matches its topic.
 * (P2) Where the topic is known to the compiler, so is its payload; where it is not, the schema says so when it is published.
 */
import { MpregError } from "./errors.js";
import { quoted } from "./names.js";
import { kindOf } from "./options.js";
import type { PatternMatches } from "./pattern-type.js";
import { type Pattern, matches, parsePattern } from "./pattern.js";
import { type InferInput, type InferOutput, type StandardSchema, isSchema } from "./standard-schema.js";

/** Schemas of payloads by pattern of topics; made by {@link topics}. */
export type TopicContract = Readonly<Record<string, StandardSchema>>;

/**
 * Says what is published to which topics: a schema (zod, valibot, arktype or any other with Standard Schema) for each pattern.
 * Throws `invalid-argument` for a pattern that is none, or what is no schema.
 *
 * ```ts
 * const events = topics({ "user.*.login": z.object({ ip: z.string() }), "metrics.#": z.number() });
 * ```
 */
export function topics<const T extends TopicContract>(schemas: T): T {
  checkTopicContract(schemas);
  return Object.freeze({ ...schemas });
}

/** Throws `invalid-argument` unless `value` is schemas by pattern. */
export function checkTopicContract(value: unknown): asserts value is TopicContract {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal(`topics must be an object of schemas by pattern, got ${kindOf(value)}`);
  }
  for (const [pattern, schema] of Object.entries(value as Record<string, unknown>)) {
    parsePattern(pattern);
    if (isSchema(schema)) continue;
    const what = "a schema with the Standard Schema interface (zod, valibot, arktype, …)";
    throw refusal(`topics: ${quoted(pattern)} must have ${what}, got ${kindOf(schema)}`);
  }
}

/** The patterns of a contract, to look up what holds for a topic. */
export class TopicSchemas {
  readonly #patterns: readonly { readonly pattern: Pattern; readonly schema: StandardSchema }[];

  constructor(contract: TopicContract) {
    this.#patterns = Object.entries(contract).map(([text, schema]) => ({ pattern: parsePattern(text), schema }));
  }

  /** All schemas that hold for `topic`. (P1) */
  of(topic: string): readonly StandardSchema[] {
    return this.#patterns.filter(({ pattern }) => matches(pattern, topic)).map(({ schema }) => schema);
  }
}

type PatternsOf<T extends TopicContract, Topic extends string> = {
  [P in keyof T & string]: [PatternMatches<P, Topic>] extends [true] ? P : never;
}[keyof T & string];

/** What may be published to `Topic`. (P2) */
export type PublishedPayload<T extends TopicContract | undefined, Topic extends string> = T extends TopicContract
  ? [PatternsOf<T, Topic>] extends [never]
    ? unknown
    : { [P in PatternsOf<T, Topic>]: (value: InferInput<T[P]>) => void }[PatternsOf<T, Topic>] extends (
          value: infer Payload,
        ) => void
      ? Payload
      : never
  : unknown;

/** What a subscription to `P` gets, where the contract has that pattern, or one that matches every topic that it does. */
export type ReceivedPayload<T extends TopicContract | undefined, P extends string> = T extends TopicContract
  ? P extends keyof T
    ? InferOutput<T[P]>
    : P extends `${string}#${string}`
      ? unknown
      : [PatternsOf<T, P>] extends [never]
        ? unknown
        : InferOutput<T[PatternsOf<T, P>]>
  : unknown;

function refusal(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}
