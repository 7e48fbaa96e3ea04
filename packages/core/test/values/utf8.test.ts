import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isUtf8Of, isWellFormed, utf16Length, utf8Length } from "../../src/values/utf8.js";
import { utf8 } from "./values.js";

const text = fc.string({ unit: "binary", maxLength: 30 });
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

describe("utf-8", () => {
  test("the length of a text is counted as JavaScript counts it", () => {
    fc.assert(
      fc.property(text, (each) => {
        const bytes = utf8.encode(each);
        expect(utf16Length(bytes, 0, bytes.length)).toBe(each.length);
      }),
    );
  });

  test("the bytes of a text are counted without making them, a lone surrogate as what it becomes", () => {
    const anything = fc.oneof(
      text,
      fc.array(fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00")).map((all) => all.join("")),
    );
    fc.assert(fc.property(anything, (each) => utf8Length(each) === new TextEncoder().encode(each).length));
  });

  test("ill-formed bytes have no length, and no others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0x61, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0x90, 0xff), {
          maxLength: 8,
        }),
        (all) => {
          const bytes = Uint8Array.from(all);
          let length = -1;
          try {
            length = strict.decode(bytes).length;
          } catch {
            // ill-formed
          }
          expect(utf16Length(bytes, 0, bytes.length)).toBe(length);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("bytes are the text that they encode, and no other", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const bytes = utf8.encode(one);
        expect(isUtf8Of(one, bytes, 0, bytes.length)).toBe(true);
        expect(isUtf8Of(other, bytes, 0, bytes.length)).toBe(other === one);
        expect(isUtf8Of(`${one}x`, bytes, 0, bytes.length)).toBe(false);
        if (one !== "") expect(isUtf8Of(one.slice(0, -1), bytes, 0, bytes.length)).toBe(false);
      }),
    );
  });

  test("a surrogate without its partner makes a text ill-formed", () => {
    fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), text, (a, b) => isWellFormed(a + b)));
    for (const lone of ["\ud800", "\udc00", "a\udc00\ud800"]) expect(isWellFormed(lone)).toBe(false);
  });
});
