import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type TopicMessageHead, type TopicMessageReader, defaultTopicMessageLimits } from "../../src/topics/index.js";
import { thrownBy } from "../support/wire.js";
import { messageOf, note, readerOf } from "./support.js";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const anyHead: fc.Arbitrary<TopicMessageHead> = fc.record({
  topic: text,
  id: text,
  timestampMs: fc.maxSafeNat(),
  headers: maybe(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }).map((pairs) => new Map(pairs))),
  correlationId: maybe(text),
  replyTo: maybe(text),
  ttlMs: maybe(fc.integer({ min: 1 })),
  priority: maybe(fc.constantFrom(0, 1, 9)),
});

/** All that a reader can be asked for. */
function readOf(reader: TopicMessageReader): unknown {
  const { topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, payload } = reader;
  return { topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, payload: [...payload] };
}

describe("topic message", () => {
  test("what is written is read", () => {
    const reader = readerOf();
    fc.assert(
      fc.property(anyHead, fc.uint8Array({ maxLength: 20 }), (head, payload) => {
        const { headers = new Map(), ttlMs = 0, priority = 4 } = head;
        const expected = { ...head, headers, ttlMs, priority, payload: [...payload] };
        expect(readOf(reader.open(messageOf(head, payload)))).toEqual(expected);
      }),
    );
  });

  test("whatever the bytes, opening refuses them, or all of them can be read (M1)", () => {
    const reader = readerOf();
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    const changed = fc.tuple(anyHead, fc.array(change, { maxLength: 4 }), fc.nat()).map(([head, changes, cut]) => {
      const bytes = messageOf(head, Uint8Array.of(1, 2, 3));
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
    });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          reader.open(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MpregError);
          expect(["malformed", "too-large"]).toContain((error as MpregError).code);
          return;
        }
        readOf(reader);
      }),
      { numRuns: 5_000 },
    );
  });

  test("fields that are not known are skipped (M3)", () => {
    const known = note("a", "b");
    const bytes = Uint8Array.of(...known.subarray(0, known.length - 1), 99, 0, 0, 0, 2, 7, 7, 0, 5);
    expect(readOf(readerOf().open(bytes))).toMatchObject({ topic: "a", id: "b", payload: [5] });
  });

  test("a field does not lead out of itself", () => {
    const bytes = Uint8Array.of(1, 0x61, 0, 0, 4, 0, 0, 0, 1, 0x80, 0x01, 0);
    expect(thrownBy(() => readerOf().open(bytes))).toMatchObject({ code: "malformed" });
  });

  test("what is larger than its limit is refused", () => {
    const reader = readerOf({ ...defaultTopicMessageLimits, headersMax: 2, headerBytesMax: 20, idBytesMax: 4 });
    const headers = (count: number, length: number): ReadonlyMap<string, string> => {
      return new Map(Array.from({ length: count }, (_, index) => [`${index}`, "x".repeat(length)]));
    };
    for (const head of [{ headers: headers(3, 0) }, { headers: headers(1, 30) }, { correlationId: "12345" }]) {
      expect(thrownBy(() => reader.open(note("a", 1, head)))).toMatchObject({ code: "too-large" });
    }
    expect(thrownBy(() => reader.open(note("a", 12345)))).toMatchObject({ code: "too-large" });
    expect(thrownBy(() => reader.open(note("a".repeat(1025), 1)))).toMatchObject({ code: "too-large" });
    expect(reader.open(note("a", 1234, { headers: headers(2, 6) })).headers.size).toBe(2);
  });

  test("opening does not decode what nobody asks for (M2)", () => {
    const reader = readerOf();
    const message = note("a.b.c", "id", { headers: new Map([["h", "v"]]), correlationId: "c" });
    const topic = reader.open(message).topic;
    expect(Object.is(reader.open(message.slice()).topic, topic)).toBe(true);
    message.fill(0x78, message.length - 4, message.length - 3);
    expect(() => reader.open(note("a", 1)).correlationId).not.toThrow();
    expect(reader.correlationId).toBeUndefined(); // nothing of the message before
    expect(reader.headers.size).toBe(0);
  });
});
