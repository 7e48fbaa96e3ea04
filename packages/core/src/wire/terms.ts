/**
 * Terms: how one step is to be run, beyond which function and with which resources. They travel with calls, with the steps
 * of requests, and with steps. Layout: docs/protocol.md, "Terms".
 *
 * (T1) What is not given takes no bytes; without any terms there is no object.
 */
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

export interface StepTerms {
  /** How often it may be run again when nobody knows whether it took effect; `undefined` = as often as there is time for. */
  readonly retries?: number | undefined;
  /** What the function recognizes a repetition by. */
  readonly idempotencyKey?: string | undefined;
}

const tags = { retries: 16, idempotencyKey: 17 } as const;

export function writeTerms(writer: Writer, terms: StepTerms | undefined): void {
  if (terms === undefined) return;
  const { retries, idempotencyKey } = terms;
  if (retries !== undefined) writer.field(tags.retries).varint(retries).endField();
  if (idempotencyKey !== undefined) writer.field(tags.idempotencyKey).text(idempotencyKey).endField();
}

/** Terms with the field that the reader is at; as they are, when it is none of theirs. */
export function readTerm(reader: Reader, tag: number, terms: StepTerms | undefined): StepTerms | undefined {
  if (tag === tags.retries) return { ...terms, retries: reader.varint() };
  if (tag === tags.idempotencyKey) return { ...terms, idempotencyKey: reader.name() };
  return terms;
}
