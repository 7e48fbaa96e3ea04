import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/values/codec.js";
import { createSlab } from "../../src/values/slab.js";
import { collectGarbage } from "../support/garbage.js";
import { difference, errorOf, plainUtf8, record, utf8, value } from "./values.js";

const codec = createCodec(utf8);
const plainCodec = createCodec(plainUtf8);

function sent<T>(sample: T): T {
  return codec.decode(codec.encode(sample, "value")) as T;
}

describe("what can be sent arrives as it was (C1)", () => {
  test.each([
    ["with a platform that writes text in place", codec],
    ["with a platform that only makes new bytes and drops byte order marks", plainCodec],
  ])("everything, nested in everything, %s", (_, platform) => {
    fc.assert(
      fc.property(value, (sample) => {
        expect(difference(platform.decode(platform.encode(sample, "value")), sample)).toBe("");
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    0,
    -0,
    1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 60,
    1.5,
    NaN,
  ])("the number %d and its negative", (number) => {
    expect(Object.is(sent(number), number)).toBe(true);
    expect(Object.is(sent(-number), -number)).toBe(true);
  });

  test.each([-32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, Infinity, -Infinity, 5e-324])(
    "the number %d",
    (number) => {
      expect(Object.is(sent(number), number)).toBe(true);
    },
  );

  test("bigints stay bigints, also those that a number would hold", () => {
    const edges = [0n, 1n, -1n, 127n, -128n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n];
    const wide = [
      -(2n ** 64n),
      255n << 64n,
      -255n << 64n,
      2n ** 71n,
      -(2n ** 71n),
      -(2n ** 71n) - 1n,
      7n ** 9000n,
      -(7n ** 9000n),
    ];
    expect(sent([...edges, ...wide])).toStrictEqual([...edges, ...wide]);
  });

  test("undefined as a root, an item, an argument, a key and value of a Map, and a property, which is kept", () => {
    expect(sent<unknown>(undefined)).toBeUndefined();
    const sample = [undefined, { kept: undefined }, new Map([[undefined, undefined]])];
    expect(sent(sample)).toStrictEqual(sample);
    expect(Object.keys(sent({ kept: undefined }))).toEqual(["kept"]);
  });

  test("dates to the millisecond, from the first to the last one there is, and the invalid one", () => {
    const times = [0, 1, 999, 1000, 1_700_000_000_123, 2 ** 32 * 1000, 2 ** 34 * 1000 - 1, 2 ** 34 * 1000, 8.64e15];
    const dates = [...times, ...times.map((time) => -time), NaN].map((time) => new Date(time));
    expect(sent(dates).map((date) => date.getTime())).toEqual(dates.map((date) => date.getTime()));
  });

  test.each([
    "",
    "a",
    "é",
    "€",
    "😀",
    "\u0000",
    "\ufeffmark",
    "\ufeff\ufeff",
    "\ufffd",
    "\ud800",
    "\udc00a",
    "a\udbff",
    "😀\ud83d",
  ])("the text %j, short and long, as a value and as a key", (part) => {
    for (const text of [part, part.repeat(20), part.repeat(300), part.repeat(5000), part.repeat(70_000)]) {
      for (const platform of [codec, plainCodec]) {
        expect(platform.decode(platform.encode({ [text]: text }, "value"))).toStrictEqual({ [text]: text });
      }
    }
  });

  test("text whose UTF-8 needs a longer header than its length lets one guess", () => {
    for (const units of [31, 32, 85, 86, 255, 256, 21_845, 21_846, 65_535, 65_536]) {
      for (const part of ["x", "é", "€"]) expect(sent(part.repeat(units))).toBe(part.repeat(units));
    }
  });

  test("keys that mean something on a prototype are data, and no prototype notices", () => {
    const sample = record(
      ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON"].map((key) => [
        key,
        { polluted: key },
      ]),
    );
    const received = sent(sample);
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(Object.entries(received)).toStrictEqual(Object.entries(sample));
    expect(Object.keys(received)).toContain("__proto__");
    expect("polluted" in {}).toBe(false);
  });

  test("the order of keys, of a Map's entries and of a Set's items", () => {
    const received = sent({
      z: 1,
      a: 2,
      map: new Map([
        ["z", 1],
        ["a", 2],
      ]),
      set: new Set(["z", "a"]),
    });
    expect(Object.keys(received)).toEqual(["z", "a", "map", "set"]);
    expect([...received.map.keys()]).toEqual(["z", "a"]);
    expect([...received.set]).toEqual(["z", "a"]);
  });

  test.each([15, 16, 17, 255, 256, 65_535, 65_536, 70_000])("containers of %d items", (count) => {
    const numbers = Array.from({ length: count }, (_, index) => index);
    const sample = {
      array: numbers,
      object: Object.fromEntries(numbers.map((index) => [`key ${index}`, index])),
      map: new Map(numbers.map((index) => [index, String(index)])),
      set: new Set(numbers),
      after: "them",
    };
    expect(difference(sent(sample), sample)).toBe("");
  });

  test.each([0, 1, 2, 3, 4, 7, 8, 15, 16, 254, 255, 256, 65_534, 65_535, 65_536, 100_000])(
    "%d bytes, in all their forms",
    (length) => {
      const bytes = Uint8Array.from({ length }, (_, index) => index);
      const sample = [
        bytes,
        bytes.buffer,
        new DataView(bytes.buffer),
        new Uint8ClampedArray(bytes),
        new Int8Array(bytes),
      ];
      expect(difference(sent(sample), sample)).toBe("");
    },
  );
});

describe("what changes on the way is what the header of codec.ts names", () => {
  test("a Buffer becomes a Uint8Array of its own memory", () => {
    const received = sent(Buffer.from("abc")) as Uint8Array;
    expect(Object.getPrototypeOf(received)).toBe(Uint8Array.prototype);
    expect(received.buffer.byteLength).toBe(3);
  });

  test("a view of a larger ArrayBuffer takes only its part along", () => {
    const all = new Float64Array([1, 2, 3, 4]);
    expect(sent(all.subarray(1, 3))).toStrictEqual(new Float64Array([2, 3]));
    expect(sent(new DataView(all.buffer, 8, 8)).byteLength).toBe(8);
  });

  test("an object without a prototype gets the usual one", () => {
    const bare: unknown = Object.assign(Object.create(null) as object, { a: 1 });
    expect(sent(bare)).toStrictEqual({ a: 1 });
  });

  test("symbol keys, hidden properties and names on arrays are not looked at; a getter is called once", () => {
    let calls = 0;
    const sample = Object.defineProperties(
      { [Symbol("s")]: () => 1 },
      {
        hidden: { value: () => 1, enumerable: false },
        got: { get: () => ++calls, enumerable: true },
      },
    );
    expect(sent(sample)).toStrictEqual({ got: 1 });
    expect(sent(Object.assign([1], { name: () => 1 }))).toStrictEqual([1]);
  });

  test("what somebody added to Object.prototype is not sent along, and does not stand in the way of own keys", () => {
    const addition = { value: () => 1, enumerable: true, configurable: true, writable: false };
    Object.defineProperty(Object.prototype, "added", addition);
    let received: object[];
    try {
      received = sent([{ a: 1 }, record([["added", 2]])]);
    } finally {
      delete (Object.prototype as { added?: unknown }).added;
    }
    expect(received).toStrictEqual([{ a: 1 }, { added: 2 }]);
  });

  test("one object in two places arrives as two", () => {
    const shared = { a: 1 };
    const [first, second] = sent([shared, shared]);
    expect(first).toStrictEqual(second);
    expect(first).not.toBe(second);
  });

  test("values of another realm arrive as values of this one", () => {
    const foreign: unknown = runInNewContext(
      "({ a: [1, { b: 2 }], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(5), bytes: new Uint8Array([1]), buffer: new Uint8Array([2]).buffer, floats: new Float32Array([1.5]) })",
    );
    expect(sent(foreign)).toStrictEqual({
      a: [1, { b: 2 }],
      map: new Map([[1, 2]]),
      set: new Set([1]),
      date: new Date(5),
      bytes: new Uint8Array([1]),
      buffer: new Uint8Array([2]).buffer,
      floats: new Float32Array([1.5]),
    });
  });
});

describe("memory", () => {
  test("a decoded value shares nothing with the bytes it came from (D5)", () => {
    const bytes = codec.encode([new Uint8Array([1, 2, 3]), new Float64Array([1]), "text"], "value").slice();
    const received = codec.decode(bytes);
    bytes.fill(0xff);
    expect(received).toStrictEqual([new Uint8Array([1, 2, 3]), new Float64Array([1]), "text"]);
  });

  test("encoded values are not overwritten by later ones, large and refused ones among them (B1)", () => {
    const samples = Array.from({ length: 3000 }, (_, index) => ({ index, text: "x".repeat(index % 700) }));
    const encoded = samples.map((sample, index) => {
      if (index % 100 === 0) codec.encode("y".repeat(100_000), "value");
      if (index % 50 === 0) errorOf(() => codec.encode([sample, "z".repeat(40_000), () => 1], "value"));
      return codec.encode(sample, "value");
    });
    expect(encoded.map((bytes) => codec.decode(bytes))).toStrictEqual(samples);
  });

  test("a small value keeps a small chunk of memory alive, also after a large or a refused one (B2)", () => {
    codec.encode("y".repeat(1_000_000), "value");
    expect(codec.encode(1, "value").buffer.byteLength).toBeLessThanOrEqual(16 * 1024);
    errorOf(() => codec.encode(["y".repeat(1_000_000), () => 1], "value"));
    expect(codec.encode(1, "value").buffer.byteLength).toBeLessThanOrEqual(16 * 1024);
  });

  test("small values share a chunk of memory, also after one that was refused", () => {
    const { buffer } = codec.encode(1, "value");
    errorOf(() => codec.encode(() => 1, "value"));
    expect(codec.encode(2, "value").buffer).toBe(buffer);
  });

  test("memory for a large value, written or read, is not held when that is done (B2)", async () => {
    const large = (): WeakRef<ArrayBufferLike>[] => {
      const encoded = codec.encode("y".repeat(2_000_000), "value");
      const frame = encoded.slice();
      codec.decode(frame);
      return [new WeakRef(encoded.buffer), new WeakRef(frame.buffer)];
    };
    const references = large();
    await collectGarbage();
    expect(references.map((reference) => reference.deref())).toEqual([undefined, undefined]);
  });

  test("a getter may use the codec itself", () => {
    const inner = { deep: ["x"] };
    const sample = {
      before: 1,
      get encoded() {
        return codec.encode(inner, "inner");
      },
      after: 2,
    };
    const received = sent(sample);
    expect(codec.decode(received.encoded)).toStrictEqual(inner);
    expect([received.before, received.after]).toEqual([1, 2]);
  });

  test("values are decoded where they stand in a larger buffer", () => {
    const encoded = codec.encode({ pi: 3.25, big: 2 ** 40, text: "some text that is longer" }, "value");
    const frame = new Uint8Array(encoded.length + 7);
    frame.set(encoded, 5);
    expect(codec.decode(frame.subarray(5, 5 + encoded.length))).toStrictEqual(codec.decode(encoded));
  });
});

describe("memory of byte strings", () => {
  test("small ones share a chunk and do not overlap; a large one has its own, and so has each where nothing else is asked for (S1, S2)", () => {
    const chunks: ArrayBuffer[] = [];
    const slab = createSlab((length) => {
      const chunk = new Uint8Array(length);
      chunks.push(chunk.buffer);
      return chunk;
    });
    const samples = Array.from({ length: 300 }, (_, index) => new Uint8Array((index + 1) * 4).fill(index));
    const encoded = samples.map((sample) => codec.encode(sample, "value").slice());
    const shared = encoded.map((bytes) => codec.decode(bytes, slab) as Uint8Array);
    expect(shared).toEqual(samples);
    const isSmall = (bytes: Uint8Array): boolean => chunks.some((chunk) => chunk === bytes.buffer);
    expect(shared.map(isSmall)).toEqual(samples.map(({ length }) => length <= 1024));
    expect(chunks.length).toBeLessThan(20);
    const own = encoded.map((bytes) => codec.decode(bytes) as Uint8Array);
    expect(new Set(own.map(({ buffer }) => buffer)).size).toBe(samples.length);
    const floats = codec.decode(codec.encode(Float64Array.of(1, 2), "value"), slab) as Float64Array;
    expect([floats.byteOffset, floats.buffer.byteLength]).toEqual([0, 16]);
  });

  test("a slab that is to begin small doubles its chunks, and makes room for whatever fits in none yet", () => {
    const sizes: number[] = [];
    const slab = createSlab((length) => {
      sizes.push(length);
      return new Uint8Array(length);
    }, 64);
    const made = Array.from({ length: 700 }, (_, index) => slab(index === 0 ? 200 : 100).fill(index));
    expect(sizes).toEqual([200, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 32768]);
    expect(made.every((bytes, index) => bytes.every((byte) => byte === index % 256))).toBe(true);
  });
});
