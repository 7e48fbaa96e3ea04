import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { createCodec } from "../../src/values/codec.js";
import { difference, errorOf, fromHex, hex, key, record, utf8, value } from "./values.js";

const codec = createCodec(utf8);

/** Stands for a result that does not exist yet. */
class Slot {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
}

const holeOf = (part: object): number | undefined => (part instanceof Slot ? part.index : undefined);
const bytesOf = (part: unknown): Uint8Array => codec.encode(part, "value");

/** The value with every slot replaced by a copy of what it stands for. */
function filled(part: unknown, bound: readonly unknown[]): unknown {
  if (part instanceof Slot) return codec.decode(bytesOf(bound[part.index]));
  if (Array.isArray(part)) return part.map((item) => filled(item, bound));
  if (part instanceof Map) return new Map([...part].map(([name, item]) => [filled(name, bound), filled(item, bound)]));
  if (part instanceof Set) return new Set([...part].map((item) => filled(item, bound)));
  if (typeof part !== "object" || part === null || Object.getPrototypeOf(part) !== Object.prototype) return part;
  return record(Object.entries(part).map(([name, item]) => [name, filled(item, bound)] as const));
}

describe("templates", () => {
  test("the holes of any value are filled with the values bound to them", () => {
    const slot = fc.nat(2).map((index) => new Slot(index));
    const template = fc.letrec<{ part: unknown }>((tie) => ({
      part: fc.oneof(
        { depthSize: "small" },
        slot,
        value,
        fc.array(tie("part"), { maxLength: 5 }),
        fc.array(fc.tuple(key, tie("part")), { maxLength: 5 }).map((entries) => record(new Map(entries))),
        fc.array(fc.tuple(tie("part"), tie("part")), { maxLength: 3 }).map((entries) => new Map(entries)),
        fc.array(tie("part"), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    })).part;
    fc.assert(
      fc.property(template, fc.tuple(value, value, value), (sample, bound) => {
        const received = codec.decodeTemplate(codec.encodeTemplate(sample, "args", holeOf), bound.map(bytesOf));
        expect(difference(received, filled(sample, bound))).toBe("");
      }),
      { numRuns: 100 },
    );
  });

  test("holes have numbers of 32 bits", () => {
    for (const index of [0, 255, 256, 65_535, 65_536, 2 ** 32 - 1]) {
      const bound: Uint8Array[] = [];
      bound[index] = bytesOf("here");
      expect(codec.decodeTemplate(codec.encodeTemplate([new Slot(index)], "args", holeOf), bound)).toEqual(["here"]);
    }
  });

  test("a value bound to two holes is decoded for each: changing one leaves the other", () => {
    const template = codec.encodeTemplate([new Slot(0), new Slot(0)], "args", holeOf);
    const [first, second] = codec.decodeTemplate(template, [bytesOf({ rows: [1] })]) as { rows: number[] }[];
    first!.rows.push(2);
    expect(second).toEqual({ rows: [1] });
  });

  test("bound values stand in buffers of their own, and what follows a hole is read from the template's", () => {
    const template = codec
      .encodeTemplate([1.5, new Slot(0), 2.5, new Slot(1), "the end of it"], "args", holeOf)
      .slice();
    const bound = [bytesOf([3.5]).slice(), Buffer.from(bytesOf({ a: "text in between" }))];
    expect(codec.decodeTemplate(template, bound)).toEqual([1.5, [3.5], 2.5, { a: "text in between" }, "the end of it"]);
  });

  test("`holeOf` is asked for functions and for objects that are no data by their prototype, and for nothing else", () => {
    const asked: object[] = [];
    const call = (): void => undefined;
    const slot = new Slot(0);
    const data = [{}, [], Object.create(null), new Map(), new Set(), new Date(0), new Uint8Array(1), Buffer.from("a")];
    const more = [
      new Float64Array(1),
      new ArrayBuffer(1),
      new DataView(new ArrayBuffer(1)),
      1,
      "text",
      1n,
      null,
      undefined,
    ];
    codec.encodeTemplate([...data, ...more, call, slot], "args", (part) => {
      asked.push(part);
      return asked.length;
    });
    expect(asked).toEqual([call, slot]);
  });

  test("an object without a hole is refused with its place, in a template and elsewhere", () => {
    const error = errorOf(() => codec.encodeTemplate([{ a: /x/u }], "args", holeOf));
    expect([error.code, error.message]).toEqual([
      "not-encodable",
      "Cannot encode args[0].a: an instance of RegExp; send plain data",
    ]);
    expect(errorOf(() => codec.encode([new Slot(0)], "args")).message).toContain("an instance of Slot");
  });

  test("an error of `holeOf` reaches the caller as it is", () => {
    const foreign = new MpregError("invalid-argument", "that reference belongs to another graph");
    const ask = (): never => {
      throw foreign;
    };
    expect(errorOf(() => codec.encodeTemplate([{ a: new Slot(0) }], "args", ask))).toBe(foreign);
  });

  test("`holeOf` may use the codec itself", () => {
    const inner: Uint8Array[] = [];
    const template = codec.encodeTemplate(["before", new Slot(0), "after"], "args", () => {
      inner.push(codec.encodeTemplate([new Slot(0)], "inner", holeOf));
      return 0;
    });
    expect(codec.decodeTemplate(template, [bytesOf(1)])).toEqual(["before", 1, "after"]);
    expect(codec.decodeTemplate(inner[0]!, [bytesOf(1)])).toEqual([1]);
  });

  test.each([
    ["a hole without a bound value", "91 d4 48 01", ["01"]],
    ["a hole of a number of three bytes", "91 c7 03 48 00 00 00", ["01"]],
    ["a hole inside a bound value", "91 d4 48 00", ["91 d4 48 01", "01"]],
    ["a hole inside the Map of a bound value", "91 d4 48 00", ["c7 05 4d 92 01 d4 48 01", "01"]],
    ["a bound value that is cut off", "92 d4 48 00 01", ["92 01"]],
    ["a bound value with bytes behind it", "91 d4 48 00", ["01 02"]],
    ["a hole as a key", "81 d4 48 00 01", ["a1 61"]],
  ])("%s is malformed", (_, template, bound) => {
    expect(errorOf(() => codec.decodeTemplate(fromHex(template), bound.map(fromHex))).code).toBe("malformed");
  });

  test("decode goes on as before after a template that failed", () => {
    errorOf(() => codec.decodeTemplate(fromHex("91 d4 48 00"), [fromHex("92 01")]));
    expect(errorOf(() => codec.decode(fromHex("91 d4 48 00"))).code).toBe("malformed");
    expect(codec.decode(fromHex("91 01"))).toEqual([1]);
  });

  test("the depth of a bound value counts for itself", () => {
    let deepest: unknown = 1;
    for (let i = 0; i < 100; i++) deepest = [deepest];
    const template = codec.encodeTemplate([{ a: new Slot(0) }], "args", holeOf);
    expect(codec.decodeTemplate(template, [bytesOf(deepest)])).toEqual([{ a: deepest }]);
  });

  test("a few bytes of holes cannot repeat a value to more than the limit (D6)", () => {
    const small = createCodec(utf8, { repeatedBytesMax: 9_000 });
    const template = (holes: number): Uint8Array =>
      small.encodeTemplate(new Array<Slot>(holes).fill(new Slot(0)), "args", holeOf);
    const bound = [bytesOf("x".repeat(997))];
    expect(small.decodeTemplate(template(10), bound)).toHaveLength(10);
    expect(errorOf(() => small.decodeTemplate(template(11), bound)).code).toBe("too-large");
  });

  test("values that stand in a template once each may be of any size (D6)", () => {
    const small = createCodec(utf8, { repeatedBytesMax: 1 });
    const bound = ["x", "y"].map((text) => bytesOf(text.repeat(10_000)));
    const template = small.encodeTemplate([new Slot(0), new Slot(1)], "args", holeOf);
    expect(small.decodeTemplate(template, bound)).toEqual(["x".repeat(10_000), "y".repeat(10_000)]);
  });

  test("a hole is the extension 72 with its number", () => {
    expect(hex(codec.encodeTemplate([new Slot(3), new Slot(0x1_0203)], "args", holeOf))).toBe("92d44803d64800010203");
  });
});
