/** Arbitraries over the types of fields, over terms, and over messages of given fields. */
import fc from "fast-check";
import { type ErrorCode, MpregError, type Outcome, errorCodes } from "../../src/base/index.js";
import type { Message, StepTerms } from "../../src/wire/index.js";

/** What this version writes: everything but what a reader makes of what it does not know. */
export type Written = Exclude<Message, { kind: "refused" | "skipped" }>;

export const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
export const varint = fc.oneof(fc.nat(300), fc.maxSafeNat());
export const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 33, maxLength: 300 }));
/** Names and texts are well-formed: a lone surrogate has no UTF-8. Up to 1,024 bytes, with every length of UTF-8. */
export const name = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ minLength: 120, maxLength: 140 }),
);
export const names = fc.array(name, { maxLength: 5 });
export const text = fc.oneof(name, fc.string({ minLength: 1_000, maxLength: 3_000 }));
export const absent = fc.constant(undefined);
export const questionRelay = fc.oneof(absent, fc.record({ target: name, origin: name }));

/** Ids that are not zero, flags, and a state of visible ASCII. */
const trace = fc
  .tuple(
    fc.uint8Array({ minLength: 25, maxLength: 25 }),
    fc.array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 512 }),
  )
  .map(([ids, state]) => {
    ids[0] = ids[16] = 1;
    return Uint8Array.of(...ids, ...state);
  });
/** Some terms, or none: an object without any is not written. */
export const terms: fc.Arbitrary<StepTerms | undefined> = fc
  .record(
    {
      retries: varint,
      idempotencyKey: name,
      version: name,
      target: name,
      hedge: varint,
      prefer: fc.array(name, { minLength: 1, maxLength: 3 }),
      trace,
      priority: fc.integer({ min: 0, max: 9 }),
      watched: fc.constant(true),
    },
    { requiredKeys: [] },
  )
  .map((given) => (Object.keys(given).length === 0 ? undefined : given));

export const error = fc
  .record({
    code: fc.constantFrom(...(Object.keys(errorCodes) as ErrorCode[])),
    message: text,
    outcome: fc.constantFrom<Outcome>("not-applied", "applied", "unknown"),
    step: fc.oneof(
      absent,
      name.filter((step) => step !== ""),
    ),
    node: fc.oneof(
      absent,
      name.filter((node) => node !== ""),
    ),
    retryAfterMs: fc.oneof(absent, varint),
  })
  .map(({ code, message, ...place }) => new MpregError(code, message, place));

/** Without what only an answer says of it. */
export const plainError = error.map(
  ({ code, message, outcome, step, node }) => new MpregError(code, message, { outcome, step, node }),
);

/** A message of `kind` with these fields. */
export function of<K extends Written["kind"]>(
  kind: K,
  fields: {
    [F in Exclude<keyof Extract<Written, { kind: K }>, "kind">]: fc.Arbitrary<Extract<Written, { kind: K }>[F]>;
  },
): fc.Arbitrary<Written> {
  return fc
    .record(fields as Record<string, fc.Arbitrary<unknown>>)
    .map((rest) => ({ kind, ...rest }) as unknown as Written);
}
