import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type CodecOptions, createCodec } from "../../src/values/codec.js";
import { errorOf, record, text, utf8, value } from "./values.js";

const codec = createCodec(utf8);

function refusal(sample: unknown, what = "args", options?: CodecOptions): string {
  const error = errorOf(() => (options === undefined ? codec : createCodec(utf8, options)).encode(sample, what));
  expect(error.code).toBe("not-encodable");
  return error.message;
}

class Point {
  x = 1;
}
class Points extends Array<number> {}
class Index extends Map<string, number> {}
class Day extends Date {}

const streamAdvice =
  "an async iterable; only what a step returns can be a stream: give the step that makes it (a reference), or collect its items in an array";

async function* items(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
}

class ReadableItems {
  [Symbol.asyncIterator](): AsyncGenerator<number> {
    return items();
  }
}

describe("what cannot be sent is refused by name and place (C2)", () => {
  test("a function, with the way to it", () => {
    const rows = [function onDone() {}];
    expect(refusal([1, { rows }])).toBe("Cannot encode args[1].rows[0]: a function (onDone)");
    expect(refusal([() => 1])).toBe("Cannot encode args[0]: a function");
  });

  test("an iterator, with what makes a stream or a list of it", () => {
    function* numbers(): Generator<number> {
      yield 1;
    }
    const advice =
      "an iterator, such as that of a `function*`; send an array of its items (`[...it]`), or register an `async function*`, whose result is a stream of them";
    for (const value of [numbers(), [1].values(), new Map().entries()]) {
      expect(refusal(value, "the result")).toBe(`Cannot encode the result: ${advice}`);
    }
    expect(refusal({ next: new Date(0), at: () => 1 })).toBe("Cannot encode args.at: a function (at)");
  });

  test("the root has no way to it", () => {
    expect(refusal(Symbol("s"), "the result")).toBe("Cannot encode the result: a symbol (s)");
  });

  test("keys that are no identifiers, entries of Maps and items of Sets have their place too", () => {
    const bad = () => 1;
    expect(refusal({ "odd key": record([["__proto__", bad]]) })).toContain('args["odd key"].__proto__:');
    expect(
      refusal(
        new Map<unknown, unknown>([
          ["a", 1],
          ["b", [bad]],
        ]),
      ),
    ).toContain('args.get("b")[0]:');
    expect(refusal(new Map([[7, bad]]))).toContain("args.get(7):");
    expect(refusal(new Map([[{}, bad]]))).toContain("args(value 0):");
    expect(
      refusal(
        new Map([
          [1, 1],
          [bad, 1],
        ] as [unknown, number][]),
      ),
    ).toContain("args(key 1):");
    expect(refusal(new Set([1, { a: bad }]))).toContain("args(item 1).a:");
    expect(refusal({ ["k".repeat(500)]: bad }).length).toBeLessThan(150);
  });

  test.each([
    [new Point(), "an instance of Point; send plain data"],
    [new (class extends Point {})(), "an instance of a nameless class; send plain data"],
    [new Points(1, 2), "an instance of Points; send plain data"],
    [new Index(), "an instance of Index; send plain data"],
    [new Day(0), "an instance of Day; send plain data"],
    [Promise.resolve(1), "a Promise; await it first"],
    [items(), streamAdvice],
    [new ReadableItems(), streamAdvice],
    [new TypeError("no"), "an instance of TypeError; send its message"],
    [new MpregError("closed", "no"), "an instance of MpregError; send its message"],
    [/x/u, "an instance of RegExp; send plain data"],
    [new WeakMap(), "an instance of WeakMap; send plain data"],
    [new WeakRef({}), "an instance of WeakRef; send plain data"],
    [new URL("http://localhost"), "an instance of URL; send plain data"],
    [new SharedArrayBuffer(1), "an instance of SharedArrayBuffer; send plain data"],
    [Object(1), "an instance of Number; send plain data"],
    [Object.create({ inherited: 1 }), "an object with a prototype of its own; send a plain object"],
    [Object.assign(new Point(), { constructor: Object }), "an instance of Point; send plain data"],
    [Point, "a function (Point)"],
  ])("%o", (sample: unknown, reason) => {
    expect(refusal([sample])).toBe(`Cannot encode args[0]: ${reason}`);
  });

  test("an object that only has the prototype of a built-in class", () => {
    for (const prototype of [
      Map.prototype,
      Set.prototype,
      Date.prototype,
      ArrayBuffer.prototype,
      Uint8Array.prototype,
    ]) {
      expect(refusal([Object.create(prototype)])).toContain("Cannot encode args[0]: ");
    }
  });

  test("an empty slot of a sparse array, at once however long it is", () => {
    const sparse: unknown[] = [undefined];
    sparse.length = 2 ** 32 - 1;
    expect(refusal({ sparse })).toBe("Cannot encode args.sparse[1]: an empty slot of a sparse array");
  });

  test("memory that was given away", () => {
    const bytes = new Uint8Array(10);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(refusal([bytes])).toContain("Cannot encode args[0]: ");
    expect(refusal([bytes.buffer])).toContain("Cannot encode args[0]: ");
  });

  test("a getter that throws, with what it threw as the cause", () => {
    const cause = new Error("not ready");
    const sample = {
      get state(): never {
        throw cause;
      },
    };
    const error = errorOf(() => codec.encode([sample], "args"));
    expect(error.message).toBe('Cannot encode args[0].state: reading it threw "not ready"');
    expect(error.cause).toBe(cause);
  });

  test("a proxy that refuses to say what it is", () => {
    const closed = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error("closed");
        },
      },
    );
    expect(refusal([closed])).toBe('Cannot encode args[0]: reading it threw "closed"');
  });

  test("`explain` has the word on objects and functions that are no data", () => {
    const explain = (part: object): string | undefined =>
      part instanceof Point ? "a reference to a point" : undefined;
    expect(refusal([new Point()], "args", { explain })).toBe("Cannot encode args[0]: a reference to a point");
    expect(refusal([/x/u], "args", { explain })).toContain("an instance of RegExp");
  });

  test("wherever in a value it stands", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), fc.dictionary(text, value, { maxKeys: 5 }), (items, fields) => {
        const bad = Symbol("bad");
        expect(refusal([...items, { ...fields, last: bad }])).toBe(
          `Cannot encode args[${items.length}].last: a symbol (bad)`,
        );
      }),
      { numRuns: 50 },
    );
  });

  test("the next value is not affected", () => {
    refusal([{ a: [1, 2, () => 1] }]);
    expect(codec.decode(codec.encode([1], "args"))).toEqual([1]);
  });
});

describe("depth (V3)", () => {
  const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
    let inner: unknown = 1;
    for (let i = 0; i < depth; i++) inner = wrap(inner);
    return inner;
  };
  const wraps: [string, (inner: unknown) => unknown][] = [
    ["arrays", (inner) => [inner]],
    ["objects", (inner) => ({ a: inner })],
    ["values of Maps", (inner) => new Map([[1, inner]])],
    ["keys of Maps", (inner) => new Map([[inner, 1]])],
    ["Sets", (inner) => new Set([inner])],
  ];

  test.each(wraps)("%s may stand in each other 100 deep and not 101 deep", (_, wrap) => {
    const deepest = nested(100, wrap);
    expect(codec.decode(codec.encode(deepest, "args"))).toEqual(deepest);
    expect(refusal(nested(101, wrap))).toMatch(/…: it stands deeper than 100 containers$/u);
    expect(errorOf(() => createCodec(utf8, { depthMax: 99 }).decode(codec.encode(deepest, "args"))).code).toBe(
      "malformed",
    );
  });

  test("a million levels are refused as quickly", () => {
    expect(refusal(nested(1_000_000, (inner) => [inner]))).toContain("deeper than 100");
  });

  test("a circular reference is named as one", () => {
    const root: { list: unknown[]; self?: unknown } = { list: [] };
    root.list.push({ back: root.list });
    expect(refusal([root])).toBe("Cannot encode args[0].list[0].back: a circular reference, it is args[0].list again");
    const map = new Map<string, unknown>();
    map.set("me", map);
    expect(refusal(map, "result")).toBe('Cannot encode result.get("me"): a circular reference, it is result again');
  });

  test("the largest limit leaves the stack in peace", () => {
    const deep = createCodec(utf8, { depthMax: 500 });
    for (const [, wrap] of wraps) {
      const sample = nested(500, wrap);
      const bytes = deep.encode(sample, "args");
      expect(deep.encode(deep.decode(bytes), "args")).toEqual(bytes);
    }
  });
});

describe("size (B3)", () => {
  const small = createCodec(utf8, { valueBytesMax: 1000 });

  test.each([
    ["a text", "x".repeat(1000)],
    ["many texts", Array.from({ length: 300 }, () => "xxx")],
    ["bytes", new Uint8Array(1000)],
  ])("a value that needs too many bytes is too-large: %s", (_, sample) => {
    const error = errorOf(() => small.encode(sample, "result"));
    expect([error.code, error.message]).toEqual(["too-large", "Cannot encode result: it has more than 1000 bytes"]);
  });

  test("a few references to each other's many references end before the memory does", () => {
    let bomb: unknown[] = ["boom"];
    for (let i = 0; i < 90; i++) bomb = [bomb, bomb, bomb, bomb];
    expect(errorOf(() => createCodec(utf8, { valueBytesMax: 1_000_000 }).encode(bomb, "result")).code).toBe(
      "too-large",
    );
  });

  test("a value of exactly as many bytes is sent", () => {
    expect(small.encode("x".repeat(997), "result").length).toBe(1000);
  });
});

test("options out of range are invalid-argument", () => {
  for (const options of [
    { depthMax: 0 },
    { depthMax: 501 },
    { depthMax: 1.5 },
    { valueBytesMax: NaN },
    { repeatedBytesMax: 0 },
  ]) {
    expect(errorOf(() => createCodec(utf8, options)).code).toBe("invalid-argument");
  }
});
