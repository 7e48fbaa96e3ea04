/** The simulator's own randomness, hashes, keys and text encoding, against those of the platform. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/capabilities/random.js";
import { sha256 } from "../../src/capabilities/sha256.js";
import { KeyRing } from "../../src/capabilities/signer.js";
import { utf8 } from "../../src/capabilities/utf8.js";

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe("random", () => {
  test("a seed gives the same numbers everywhere and for ever (R1)", () => {
    const random = new SeededRandom(42);
    expect([random.u32(), random.u32(), random.u32()]).toEqual([3565661738, 2405744075, 2340304293]);
    expect([...new SeededRandom(2 ** 40 + 42).bytes(4)]).toEqual([181, 234, 217, 64]);
  });

  test("a stream is the same whatever was drawn from the others (R2)", () => {
    const [one, other] = [new SeededRandom(7), new SeededRandom(7)];
    const first = one.split("a").bytes(8);
    const sibling = other.split("b");
    sibling.bytes(100);
    expect(other.split("a").bytes(8)).toEqual(first);
    expect(sibling.bytes(8)).not.toEqual(first);
  });

  test("numbers fill their ranges evenly", () => {
    const random = new SeededRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[random.integer(0, 4)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
    expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
  });

  test("neighbouring seeds have nothing in common", () => {
    const firsts = new Set(Array.from({ length: 1_000 }, (_, seed) => new SeededRandom(seed).u32()));
    expect(firsts.size).toBe(1_000);
  });
});

describe("sha256", () => {
  test("equals the platform's for messages of every length", () => {
    for (let length = 0; length < 200; length++) {
      const message = new SeededRandom(length).bytes(length);
      expect(Buffer.from(sha256(message)).toString("hex")).toBe(createHash("sha256").update(message).digest("hex"));
    }
  });
});

describe("keys", () => {
  const ring = new KeyRing();
  const [one, other] = [ring.signer(bytesOf("one")), ring.signer(bytesOf("other"))];
  const message = bytesOf("hello");

  test("a signature is good for its key and message only (S1)", () => {
    const signature = one.sign(message);
    expect(signature).toHaveLength(64);
    expect(other.verify(one.publicKey, message, signature)).toBe(true);
    expect(other.verify(other.publicKey, message, signature)).toBe(false);
    expect(other.verify(one.publicKey, bytesOf("hellO"), signature)).toBe(false);
    expect(other.verify(one.publicKey, message, signature.subarray(1))).toBe(false);
    expect(other.verify(sha256(message), message, signature)).toBe(false);
  });

  test("the same secret has the same public key, another one another (S2)", () => {
    expect(new KeyRing().signer(bytesOf("one")).publicKey).toEqual(one.publicKey);
    expect(other.publicKey).not.toEqual(one.publicKey);
  });
});

describe("utf8", () => {
  test("encodes as the platform does, lone surrogates included (U1)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(utf8.encode(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
      }),
    );
    expect(utf8.encode("a\ud800b")).toEqual(new Uint8Array(new TextEncoder().encode("a\ud800b")));
  });

  test("decodes as the platform does, ill-formed bytes included (U1)", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const bytes = fc.array(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc1, 0xc3, 0xe0, 0xa0, 0xed, 0xef, 0xf0, 0x90, 0xf4, 0xf5),
    );
    fc.assert(
      fc.property(fc.oneof(bytes, fc.array(fc.integer({ min: 0, max: 255 }))), (numbers) => {
        const encoded = Uint8Array.from([0, ...numbers, 0]);
        expect(utf8.decode(encoded, 1, encoded.length - 1)).toBe(decoder.decode(encoded.subarray(1, -1)));
      }),
      { numRuns: 2_000 },
    );
  });
});
