import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c, seal, unseal } from "../../src/journal/index.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("CRC-32C", () => {
  test("is that of RFC 3720, appendix B.4", () => {
    expect(crc32c(ascii("123456789")).toString(16)).toBe("e3069283");
    expect(crc32c(new Uint8Array(32)).toString(16)).toBe("8a9136aa");
    expect(crc32c(new Uint8Array(32).fill(0xff)).toString(16)).toBe("62a8ab43");
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)).toString(16)).toBe("46dd794e");
  });

  test("of two pieces is that of both together", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(50), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(crc32c(bytes));
      }),
    );
  });
});

describe("a record", () => {
  const seed = crc32c(ascii("key"));

  test("of every released version is read for ever (R3)", () => {
    const released = ["010100000500000094c498be68656c6c6f", "01040000000000007c0af460"];
    expect(unseal(Buffer.from(released[0] as string, "hex"), seed)).toMatchObject({
      kind: "ok",
      type: "value",
      end: 17,
    });
    expect(unseal(Buffer.from(released[1] as string, "hex"))).toMatchObject({ kind: "ok", type: "snapshot", end: 12 });
    expect([hex(seal("value", ascii("hello"), seed)), hex(seal("snapshot", new Uint8Array()))]).toEqual(released);
  });

  test("comes back as it was, whatever comes before and behind it", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (payload, before, behind) => {
        const record = seal("commit", payload, 7);
        const read = unseal(Buffer.concat([before, record, behind]), 7, before.length);
        expect(read).toMatchObject({ kind: "ok", type: "commit", end: before.length + record.length });
        expect(read.kind === "ok" && hex(read.payload)).toBe(hex(payload));
      }),
    );
  });

  test("that is cut anywhere is torn", () => {
    const record = seal("value", ascii("hello"));
    for (let cut = 0; cut < record.length; cut++) expect(unseal(record.subarray(0, cut)).kind).toBe("torn");
  });

  test("with any bit flipped is not believed", () => {
    const record = seal("value", ascii("hello"));
    for (let bit = 0; bit < record.length * 8; bit++) {
      const rotten = record.slice();
      rotten[bit >> 3] = (rotten[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(["torn", "corrupt"]).toContain(unseal(rotten).kind);
    }
  });

  test("does not check in the place of another (R2)", () => {
    expect(unseal(seal("value", ascii("hello"), seed), crc32c(ascii("other"))).kind).toBe("corrupt");
  });

  test("of a newer version is told from a damaged one (R1)", () => {
    for (const at of [0, 1, 2, 3]) {
      const newer = seal("value", ascii("hello"));
      newer[at] = 200;
      newer.set(new Uint8Array(new Uint32Array([crc32c(newer, 12, 17, crc32c(newer, 0, 8))]).buffer), 8);
      expect(unseal(newer)).toEqual({ kind: "newer-version", version: at === 0 ? 200 : 1 });
    }
  });
});
