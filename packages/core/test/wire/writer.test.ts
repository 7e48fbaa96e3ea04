import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextCache, type Value, Writer, defaultWireLimits, kinds } from "../../src/wire/index.js";
import { Reader } from "../../src/wire/reader.js";
import { messagesOf, utf8 } from "../support/wire.js";

function readerOf(bytes: Uint8Array): Reader {
  return new Reader(new TextCache(utf8), defaultWireLimits).open(bytes, 0, bytes.length);
}

/** What the writer put into the body of one message. */
function bodyOf(fill: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(utf8);
  fill(writer.begin(kinds.open));
  writer.end();
  return writer.take().subarray(5);
}

const text = fc.oneof(
  fc.string({ maxLength: 10 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ minLength: 126, maxLength: 130 }),
  fc.string({ unit: fc.constantFrom("a", "é", "€", "🌍"), minLength: 40, maxLength: 45 }),
);

const bytesIn = (value: Value): number => (value as Uint8Array).length;

describe("fields", () => {
  test("unsigned integers of 32 bits are read as they were written, big-endian", () => {
    const value = fc.oneof(
      fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    );
    fc.assert(fc.property(value, (each) => readerOf(bodyOf((writer) => writer.u32(each))).u32() === each));
    expect(bodyOf((writer) => writer.u32(0x01020304))).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test("variable integers are read as they were written, up to 2^53 - 1", () => {
    const powers = [7, 14, 21, 28, 31, 32, 35, 42, 49].flatMap((bits) => [2 ** bits - 1, 2 ** bits]);
    const value = fc.oneof(fc.constantFrom(0, ...powers, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
    fc.assert(fc.property(value, (each) => readerOf(bodyOf((writer) => writer.varint(each))).varint() === each));
    expect(bodyOf((writer) => writer.varint(300))).toEqual(Uint8Array.of(0xac, 0x02));
  });

  test.for([
    ["2^53", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["2^56 - 1", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["one without an end", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ] as const)("a variable integer of %s is malformed", ([, bytes]) => {
    expect(() => readerOf(Uint8Array.from(bytes)).varint()).toThrow("a number is larger than 2^53 - 1");
  });

  test("texts are read as they were written, whatever their characters and length", () => {
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 5 }), (one, several) => {
        const body = bodyOf((writer) => writer.text(one).texts(several));
        const reader = readerOf(body);
        expect(reader.text()).toBe(one);
        expect(reader.names(several.length)).toEqual(several);
        expect(reader.position).toBe(body.length);
      }),
    );
  });

  test("a lone surrogate arrives as the replacement character", () => {
    expect(readerOf(bodyOf((writer) => writer.text("a\ud800b"))).text()).toBe("a\ufffdb");
  });

  test("bytes are read as they were written, whatever their length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (first, second) => {
        const reader = readerOf(bodyOf((writer) => writer.blob(first).raw(second)));
        expect(reader.blob()).toEqual(first);
        expect(reader.rest()).toEqual(second);
      }),
    );
  });
});

/** A message of `length` bytes that are all `fill`. */
function put(writer: Writer, length: number, fill: number): void {
  writer.begin(kinds.answer).u32(1).endFields().raw(new Uint8Array(length).fill(fill));
}

const size = fc.oneof(fc.nat(100), fc.integer({ min: 20_000, max: 90_000 }));

describe("batches", () => {
  test("bytes that were taken are never written again (W1)", () => {
    const script = fc.array(fc.record({ length: size, take: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(script, (steps) => {
        const writer = new Writer(utf8);
        const taken: { readonly batch: Uint8Array; readonly before: Uint8Array }[] = [];
        steps.forEach(({ length, take }, index) => {
          put(writer, length, index);
          writer.end();
          if (!take) return;
          const batch = writer.take();
          taken.push({ batch, before: batch.slice() });
        });
        for (const { batch, before } of taken) expect(Buffer.compare(batch, before)).toBe(0);
      }),
    );
  });

  test("only bytes that are reclaimed are written again, and those are (W1)", () => {
    const step = fc.record({ length: size, then: fc.constantFrom("go on", "take", "take and reclaim") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const writer = new Writer(utf8);
        const taken: { readonly batch: Uint8Array; readonly before: Uint8Array }[] = [];
        steps.forEach(({ length, then }, index) => {
          put(writer, length, index);
          writer.end();
          if (then === "go on") return;
          const batch = writer.take();
          if (then === "take and reclaim") writer.reclaim();
          else taken.push({ batch, before: batch.slice() });
        });
        for (const { batch, before } of taken) expect(Buffer.compare(batch, before)).toBe(0);
      }),
    );
    const writer = new Writer(utf8);
    const slabs = new Set<ArrayBufferLike>();
    for (let batches = 0; batches < 1_000; batches++) {
      put(writer, 500, 1);
      writer.end();
      slabs.add(writer.take().buffer);
      writer.reclaim();
    }
    expect(slabs.size).toBe(1);
  });

  test.for(["take", "takeLast", "abandon"] as const)(
    "a slab that a large message has made large goes with it: %s (W3)",
    (leave) => {
      const writer = new Writer(utf8);
      put(writer, 1_000_000, 1);
      writer.end();
      const left = writer[leave]();
      if (left !== undefined) expect(messagesOf(left)).toHaveLength(1);
      put(writer, 10, 2);
      writer.end();
      const next = writer.take();
      expect(messagesOf(next)).toHaveLength(1);
      expect(next.buffer.byteLength).toBeLessThanOrEqual(64 * 1024);
    },
  );

  test("what stands before a large message that leaves is kept (W2) (W3)", () => {
    for (const leave of ["takeLast", "abandon"] as const) {
      const writer = new Writer(utf8);
      put(writer, 10, 1);
      writer.end();
      put(writer, 1_000_000, 2);
      writer.end();
      writer[leave]();
      put(writer, 20, 3);
      writer.end();
      const lengths = messagesOf(writer.take()).map((message) => message.kind === "answer" && bytesIn(message.value));
      expect(lengths).toEqual([10, 20]);
    }
  });

  test("whatever is abandoned, moved out or grown past its slab, the batch holds the finished messages only (W2)", () => {
    const act = fc.constantFrom("end", "end", "abandon", "takeLast", "take");
    fc.assert(
      fc.property(fc.array(fc.record({ length: size, act }), { maxLength: 12 }), (steps) => {
        const writer = new Writer(utf8);
        let expected: number[] = [];
        const lengths = (batch: Uint8Array): number[] =>
          messagesOf(batch).map((message) => (message.kind === "answer" ? bytesIn(message.value) : -1));
        for (const { length, act: what } of steps) {
          put(writer, length, 7);
          if (what === "abandon") writer.abandon();
          else writer.end();
          if (what === "takeLast") expect(lengths(writer.takeLast())).toEqual([length]);
          if (what === "end" || what === "take") expected.push(length);
          if (what !== "take") continue;
          expect(lengths(writer.take())).toEqual(expected);
          expected = [];
        }
        expect(lengths(writer.take())).toEqual(expected);
        expect(writer.length).toBe(0);
      }),
    );
  });

  test("a message taken out keeps its bytes while others are written (W1)", () => {
    const writer = new Writer(utf8);
    put(writer, 3, 1);
    writer.end();
    const message = writer.takeLast();
    const before = message.slice();
    put(writer, 3, 2);
    writer.end();
    expect(message).toEqual(before);
  });
});
