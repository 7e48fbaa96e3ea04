/**
 * Filter: which messages a subscription wants by their headers, as AMQP's headers exchange has it.
 *
 * (F1) A condition is that a header is there, or that it is there with this value; values are compared byte by byte.
 * (F2) A filter without conditions, or with others, is refused with what would work: it would match all, or nothing.
 */
import { MpregError, type Utf8, kindOf, quoted } from "../../base/index.js";
import type { TopicMessageReader } from "../topic-message.js";

/** What a subscription wants of a message's headers. */
export interface HeaderFilter {
  /** `all` conditions must hold, or `any` of them. */
  readonly match: "all" | "any";
  /** By name: the value that the header must have, or `true` where it only has to be there. */
  readonly headers: Readonly<Record<string, string | true>>;
}

interface Condition {
  readonly name: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export const conditionsMax = 32;

/** A filter as it is applied. */
export class CheckedFilter {
  readonly #conditions: readonly Condition[];
  /** As many of them have to hold. */
  readonly #wanted: number;

  /** Throws `invalid-argument`. */
  constructor(filter: HeaderFilter, utf8: Utf8) {
    this.#conditions = conditionsOf(filter, utf8);
    this.#wanted = filter.match === "all" ? this.#conditions.length : 1;
  }

  passes(message: TopicMessageReader): boolean {
    if (message.headerCount === 0) return false;
    const bytes = message.bytes;
    let held = 0; // a bit for each condition: of a header that comes twice the last one counts
    message.eachHeader((start, end, valueStart, valueEnd) => {
      for (let index = 0; index < this.#conditions.length; index++) {
        const { name, value } = this.#conditions[index] as Condition;
        if (!isSame(name, bytes, start, end)) continue;
        const holds = value === undefined || isSame(value, bytes, valueStart, valueEnd); // (F1)
        held = holds ? held | (1 << index) : held & ~(1 << index);
      }
    });
    let count = 0;
    for (let rest = held; rest !== 0; rest &= rest - 1) count += 1;
    return count >= this.#wanted;
  }
}

/** (F2) */
function conditionsOf(filter: HeaderFilter, utf8: Utf8): Condition[] {
  const { match, headers }: { readonly match: unknown; readonly headers: unknown } = filter;
  if (match !== "all" && match !== "any") {
    throw refusal(`"match" must be "all" or "any", got ${typeof match === "string" ? quoted(match) : kindOf(match)}`);
  }
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw refusal(`"headers" must be an object such as { region: "eu" }, got ${kindOf(headers)}`);
  }
  const entries: [string, unknown][] = Object.entries(headers);
  if (entries.length === 0) throw refusal(`it names no header; without a filter every message matches`);
  if (entries.length > conditionsMax)
    throw refusal(`it names ${entries.length} headers; at most ${conditionsMax} work`);
  return entries.map(([name, value]) => {
    if (value !== true && typeof value !== "string") {
      throw refusal(
        `header ${quoted(name)} must be a string, or true where it only has to be there, got ${kindOf(value)}`,
      );
    }
    return { name: utf8.encode(name), value: value === true ? undefined : utf8.encode(value) };
  });
}

function isSame(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let i = 0; i < wanted.length; i++) if (wanted[i] !== bytes[start + i]) return false;
  return true;
}

function refusal(why: string): MpregError {
  return new MpregError("invalid-argument", `Filter of headers: ${why}`);
}

/** Whether a message that is kept passes what is wanted of all messages, and what is wanted of those that are kept. */
export function passing(
  filter: CheckedFilter | undefined,
  kept: CheckedFilter | undefined,
  reader: TopicMessageReader,
): (message: Uint8Array) => boolean {
  if (filter === undefined && kept === undefined) return () => true;
  return (message) => {
    const opened = reader.open(message);
    return filter?.passes(opened) !== false && kept?.passes(opened) !== false;
  };
}
