import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextCache } from "../../src/wire/index.js";
import { utf8 } from "../support/wire.js";

/** A cache that counts what it has the platform decode. */
function counting(): { readonly cache: TextCache; decoded: () => number } {
  let count = 0;
  const cache = new TextCache({
    encode: utf8.encode,
    decode: (...of: Parameters<typeof utf8.decode>) => {
      count += 1;
      return utf8.decode(...of);
    },
  });
  return { cache, decoded: () => count };
}

describe("text cache", () => {
  test("every text comes back as the platform decodes it, well-formed or not (T1)", () => {
    const cache = new TextCache(utf8);
    // few different bytes, so that texts share slots and come again
    const bytes = fc
      .array(fc.oneof(fc.constantFrom(0, 0x61, 0x62), fc.nat(255)), { maxLength: 70 })
      .map((all) => Uint8Array.from(all));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 20 }), fc.nat(3), (texts, offset) => {
        for (const text of [...texts, ...texts]) {
          const frame = new Uint8Array(text.length + offset + 1).fill(0x63);
          frame.set(text, offset);
          expect(cache.decode(frame, offset, offset + text.length)).toBe(utf8.decode(text, 0, text.length));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("texts that fall on one slot are told apart (T1)", () => {
    const { cache, decoded } = counting();
    // more texts than slots: some of them share one
    const texts = Array.from({ length: 3_000 }, (_, i) => utf8.encode(`f${i}`));
    for (const text of texts) expect(cache.decode(text, 0, text.length)).toBe(utf8.decode(text, 0, text.length));
    for (const text of texts) expect(cache.decode(text, 0, text.length)).toBe(utf8.decode(text, 0, text.length));
    expect(decoded()).toBeGreaterThan(3_000);
  });

  test("a text that comes again is not decoded again", () => {
    const { cache, decoded } = counting();
    const text = utf8.encode("classify");
    for (let i = 0; i < 5; i++) expect(cache.decode(text, 0, text.length)).toBe("classify");
    expect(decoded()).toBe(1);
  });

  test("what is cached does not change with the frame it came in", () => {
    const cache = new TextCache(utf8);
    const frame = utf8.encode("clean");
    cache.decode(frame, 0, frame.length);
    frame.fill(0x78);
    expect(cache.decode(utf8.encode("clean"), 0, 5)).toBe("clean");
    expect(cache.decode(frame, 0, frame.length)).toBe("xxxxx");
    // among so many texts some fall on the slot of "clean"
    for (let i = 1_000; i < 9_000; i++) {
      const reused = utf8.encode("clean");
      cache.decode(reused, 0, reused.length);
      reused.set(utf8.encode(`f${i}`));
      expect(cache.decode(utf8.encode(`f${i}`), 0, 5)).toBe(`f${i}`);
    }
  });

  test("long texts are not kept, nor more than 1,024 short ones (T2)", () => {
    const { cache, decoded } = counting();
    const long = utf8.encode("x".repeat(65));
    for (let i = 0; i < 3; i++) cache.decode(long, 0, long.length);
    expect(decoded()).toBe(3);
    const texts = Array.from({ length: 5_000 }, (_, i) => utf8.encode(`name-${i}`));
    for (const text of texts) cache.decode(text, 0, text.length);
    const before = decoded();
    for (const text of texts) cache.decode(text, 0, text.length);
    expect(decoded() - before).toBeGreaterThanOrEqual(5_000 - 1_024);
  });
});
