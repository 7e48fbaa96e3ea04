import { describe, expect, test, vi } from "vitest";
import { toJsonText } from "../../src/doors/json-v1-values.js";
import { FakeHost, utf8 } from "./fake-host.js";

/** The text of `r` for one step whose result is `value`. */
function textOf(value: unknown): string {
  const host = new FakeHost({ functions: { give: () => value } });
  const reply = host.exchange({ role: "rpc", u: "q", cmds: [{ name: "x", fun: "give" }] })!;
  const [, text] = /^\{"r":\{"x":(.*)\},"error":null,/su.exec(reply) ?? [];
  if (text === undefined) throw new Error(JSON.parse(reply).error.message);
  return text;
}

describe("a result is answered as JSON", () => {
  test.each<[string, unknown, string]>([
    ["a Date as ISO 8601", new Date(86_400_000), '"1970-01-02T00:00:00.000Z"'],
    ["an invalid Date as null", new Date(NaN), "null"],
    [
      "a Map with string keys as an object",
      new Map([
        ["a", 1],
        ["__proto__", 2],
      ]),
      '{"a":1,"__proto__":2}',
    ],
    [
      "a Map with other keys as pairs",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, "b"],
      ]),
      '[["a",1],[2,"b"]]',
    ],
    ["an empty Map as an object", new Map(), "{}"],
    ["a Set as an array", new Set([1, "a"]), '[1,"a"]'],
    ["a typed array as numbers", Float32Array.of(1.5, NaN), "[1.5,null]"],
    ["bytes as numbers", Uint8Array.of(0, 255), "[0,255]"],
    ["an ArrayBuffer as its bytes", Uint8Array.of(1, 2).buffer, "[1,2]"],
    ["a DataView as its bytes", new DataView(Uint8Array.of(1, 2, 3).buffer, 1), "[2,3]"],
    ["-0 as 0", -0, "0"],
    ["a number beyond 2^53 with the digits JavaScript gives it", [2 ** 60, 1e21], "[1152921504606847000,1e+21]"],
    ["a lone surrogate escaped", "a\ud800", '"a\\ud800"'],
    ["numbers that are none as null", [NaN, Infinity, -Infinity], "[null,null,null]"],
    ["undefined as null, but left out where it is a field", [undefined, { a: undefined, b: 1 }], '[null,{"b":1}]'],
    ["nothing at all as null", undefined, "null"],
    ["a safe bigint as an integer", 7n, "7"],
    [
      "a bigint of 64 bits with all digits",
      [2n ** 53n + 1n, { n: -(2n ** 63n) }, 2n ** 64n - 1n],
      '[9007199254740993,{"n":-9223372036854775808},18446744073709551615]',
    ],
    ["bigints of an array likewise", BigInt64Array.of(1n, -(2n ** 62n)), "[1,-4611686018427387904]"],
    [
      "what is beside a wide bigint as ever",
      { n: 2n ** 60n, u: undefined, a: [undefined, "\u2028", null, NaN] },
      '{"n":1152921504606846976,"a":[null,"\u2028",null,null]}',
    ],
    [
      "what stands inside of these likewise",
      new Map([["s", new Set([new Date(0)])]]),
      '{"s":["1970-01-01T00:00:00.000Z"]}',
    ],
    ["a toJSON that is data as data", { toJSON: "x" }, '{"toJSON":"x"}'],
    ["keys that JavaScript knows as prototypes as data", JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    [
      "keys of prototypes beside what is converted as data",
      JSON.parse('{"__proto__":{"a":1},"d":0}', (key, value: unknown) => (key === "d" ? new Set([1]) : value)),
      '{"__proto__":{"a":1},"d":[1]}',
    ],
  ])("%s", (_title, value, text) => {
    expect(textOf(value)).toBe(text);
  });

  test("an integer beyond 64 bits is refused with its place, and the details say that the steps did run (J1)", () => {
    const host = new FakeHost({ functions: { give: () => ({ rows: [{ id: 1n }, { id: 2n ** 64n }] }) } });
    expect(host.ask([{ name: "x", fun: "give" }]).error).toEqual({
      code: 1003,
      message: 'Cannot answer with the result of step "x" as JSON: rows[1].id is an integer of more than 64 bits',
      details: { code: "not-encodable", step: "x", node: "entry", outcome: "applied" },
    });
  });

  test("what no codec makes is refused all the same (J1)", () => {
    expect(() => toJsonText({ f: () => 1 }, "it", 100)).toThrow("f is a function");
    expect(() => toJsonText([/x/], "it", 100)).toThrow("[0] is an object of a class");
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => toJsonText(circle, "it", 1_000)).toThrow("nested deeper than 100");
  });
});

describe("a result of too many characters", () => {
  const limits = { messageBytesMax: 1_000 };

  test.each<[string, unknown]>([
    ["a text", "x".repeat(1_000)],
    ["many values", Array.from({ length: 600 }, () => null)],
    ["what only grows as it is written", "\u0000".repeat(400)],
  ])("is 1003: %s", (_title, value) => {
    const host = new FakeHost({ limits, functions: { give: () => value } });
    const { error } = host.ask([{ name: "x", fun: "give" }]);
    expect(error).toMatchObject({ code: 1003, details: { code: "too-large", step: "x", outcome: "applied" } });
  });

  test("is refused before it is made (J2)", () => {
    // as an array it would take 4 GB
    expect(() => toJsonText(new Uint8Array(2 ** 29), "it", 1_000)).toThrow(
      "Cannot answer with it: as JSON it takes more",
    );
  });

  test("is refused also where the engine's longest string is the limit", () => {
    const stringify = vi.spyOn(JSON, "stringify").mockImplementation(() => {
      throw new RangeError("Invalid string length"); // what half a gigabyte of text meets, after seconds
    });
    try {
      expect(() => toJsonText("x", "it", 1_000)).toThrow("Cannot answer with it: as JSON it takes more");
    } finally {
      stringify.mockRestore();
    }
  });

  test("is what no text can hold, whatever messages may have", () => {
    const give = (): Uint8Array => new Uint8Array(2 ** 27 + 1); // as an array of numbers twice as many characters
    const host = new FakeHost({ limits: { messageBytesMax: 2 ** 32 - 1 }, functions: { give } });
    const { error } = host.ask([{ name: "x", fun: "give" }]);
    expect(error).toMatchObject({ code: 1003, details: { code: "too-large", step: "x" } });
    expect(error.message).toContain("more than the 268435456 characters left");
  });

  test("counts all results of the request together", () => {
    const host = new FakeHost({ limits, functions: { give: () => "x".repeat(600) } });
    const { error } = host.ask([
      { name: "x", fun: "give" },
      { name: "y", fun: "give" },
    ]);
    expect(error).toMatchObject({ code: 1003, details: { code: "too-large", step: "y" } });
  });
});

describe("the results of several steps", () => {
  test("are in the order of the commands, whatever their names (R2)", () => {
    const host = new FakeHost();
    const cmds = ["b", "10", "__proto__", "9", "a"].map((name) => ({ name, fun: "echo", args: [1] }));
    expect(host.exchange({ role: "rpc", u: "q", cmds })).toContain('{"r":{"b":1,"10":1,"__proto__":1,"9":1,"a":1},');
  });
});

describe("numbers of a request (T2)", () => {
  /** What a handler gets for the JSON text of one argument. */
  const argOf = (json: string): unknown => {
    const host = new FakeHost();
    host.exchange(`{"role":"rpc","u":"q","cmds":[{"name":"x","fun":"echo","args":[${json}]}]}`);
    return host.calls[0]![1];
  };

  test.each<[string, unknown]>([
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", 2n ** 53n],
    ["[-1,-9223372036854775808]", [-1, -(2n ** 63n)]],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["18446744073709551616", 2 ** 64],
    ["99999999999999999999999", 1e23],
    ["12345678901234567.5", 12345678901234567.5],
    ["1234567890123456789e2", 1234567890123456789e2],
    ["[1e308,-1.7976931348623157e308]", [1e308, -Number.MAX_VALUE]],
    ["[5e-324,1e-400]", [5e-324, 0]],
    ["[-0,0.0,1.0]", [-0, 0, 1]],
    ["-9223372036854775809", -(2 ** 63)],
    ["[1e308,9007199254740993]", [1e308, 2n ** 53n + 1n]],
    [
      '[9007199254740993,"ünï",[{"ö":-9007199254740993}],"9007199254740993"]',
      [2n ** 53n + 1n, "ünï", [{ ö: -(2n ** 53n) - 1n }], "9007199254740993"],
    ],
    ["0.12345678901234567890", 0.12345678901234568],
    ['"1234567890123456789"', "1234567890123456789"],
    ['{"a\\"1":1234567890123456789,"\\\\":1}', { 'a"1': 1234567890123456789n, "\\": 1 }],
    ['["\uFDD0", "\\ufdd1", 1234567890123456789]', ["\uFDD0", "\uFDD1", 1234567890123456789n]],
    [
      '{"__proto__":[1234567890123456789]}',
      JSON.parse('{"__proto__":[0]}', (_key, value: unknown) => (value === 0 ? 1234567890123456789n : value)),
    ],
  ])("%s reaches the handler as it is", (json, value) => {
    expect(argOf(json)).toEqual(value);
  });

  test("64-bit integers come back as they were sent, where the reference's users count in nanoseconds", () => {
    const frame = '{"role":"rpc","u":"q","cmds":[{"name":"x","fun":"echo","args":[{"at":1795164200314864401}]}]}';
    expect(new FakeHost().exchange(frame)).toContain('{"r":{"x":{"at":1795164200314864401}},');
  });

  test("an integer in the place of a key is still no JSON", () => {
    const host = new FakeHost();
    expect(host.exchange('{1234567890123456789: 1, "role": "rpc"}')).toBeUndefined();
    expect(host.closedWith).toContain("not JSON");
  });

  test("bytes that are not UTF-8 end the connection: nothing is garbled in silence", () => {
    const host = new FakeHost();
    host.exchange(Uint8Array.of(...utf8.encode('{"u":"'), 0xe9, ...utf8.encode('"}')));
    expect(host.closedWith).toBe("a frame that is not UTF-8");
    const { r } = new FakeHost().ask([{ name: "x", fun: "echo", args: ["\uFFFD"] }]);
    expect(r).toEqual({ x: "\uFFFD" });
  });
});
