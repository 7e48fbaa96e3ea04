import { describe, expect, test } from "vitest";
import { FakeHost } from "./fake-host.js";

const rows = { rows: [{ id: 10 }, { id: 11 }], text: "four", "0": "zero" };

/** What a step `x` gets for its arguments, beside steps whose results are given. */
function argsBeside(results: Readonly<Record<string, unknown>>, args: unknown[], kwargs: object = {}): unknown[] {
  const functions = { given: (name: string) => results[name.slice(1)], see: (...all: unknown[]) => all };
  const host = new FakeHost({ functions });
  const steps = Object.keys(results).map((name) => ({ name, fun: "given", args: [`=${name}`] }));
  const { error } = host.ask([...steps, { name: "x", fun: "see", args, kwargs }]);
  if (error !== null) throw new Error(error.message);
  const call = host.calls.find(([fun]) => fun === "see")!;
  return call.slice(1);
}

describe("a string is a reference", () => {
  test("when it is a step's name: it stands for the whole result, of any type", () => {
    expect(argsBeside({ a: rows, b: null, c: "text" }, ["a", "b", "c"])).toEqual([rows, null, "text"]);
  });

  test("with a path: fields, positions, and length of arrays and strings", () => {
    expect(argsBeside({ a: rows }, ["a.rows.1.id", "a.rows.length", "a.text.length", "a.0"])).toEqual([
      11,
      2,
      4,
      "zero",
    ]);
  });

  test("at any depth of arrays and objects, in args and in kwargs alike (S4)", () => {
    const [arg, kwargs] = argsBeside({ a: 1 }, [[[{ deep: [{ er: "a" }] }]]], { k: { l: ["a", "data"] } });
    expect(arg).toEqual([[{ deep: [{ er: 1 }] }]]);
    expect(kwargs).toEqual({ k: { l: [1, "data"] } });
  });

  test("but never as a key (S4)", () => {
    expect(argsBeside({ a: 1 }, [{ a: "b", "a.b": "a" }])).toEqual([{ a: "b", "a.b": 1 }]);
  });

  test("also when its name begins with a bar, as the reference advises", () => {
    expect(argsBeside({ "|load": { rows: 3 } }, ["|load.rows", "|loa", "load"])).toEqual([3, "|loa", "load"]);
  });
});

describe("a string is data", () => {
  test.each(["aa", "A", " a", "a ", "b.a", ".a", "hello a", "", "."])("when no step is meant by it: %j", (text) => {
    expect(argsBeside({ a: 1 }, [text])).toEqual([text]);
  });

  test("when it is the step's own name, alone or with a path: call('echo', 'echo') works (S3)", () => {
    const host = new FakeHost();
    expect(host.ask([{ name: "echo", fun: "echo", args: ["echo"] }]).r).toEqual({ echo: "echo" });
    expect(host.ask([{ name: "echo", fun: "echo", args: ["echo.x.y"] }]).r).toEqual({ echo: "echo.x.y" });
    expect(argsBeside({ a: 1 }, ["x", { own: ["x.y"] }, "a"])).toEqual(["x", { own: ["x.y"] }, 1]);
  });

  test("when it comes out of a step: results are never looked at (S1)", () => {
    const results = { secret: "the secret", evil: "secret", list: ["secret", { k: "secret" }] };
    expect(argsBeside(results, ["evil", "list"])).toEqual(["secret", ["secret", { k: "secret" }]]);
    const host = new FakeHost();
    const chain = ["p", "q", "r"].map((name, at) => ({
      name,
      fun: "echo",
      args: [at === 0 ? "=q" : ["p", "q"][at - 1]],
    }));
    expect(host.ask(chain).r).toEqual({ r: "=q" });
  });
});

describe("names with dots", () => {
  test("are reached by the whole name and by a path behind it", () => {
    expect(argsBeside({ "s.one": { f: 1 } }, ["s.one", "s.one.f", "s", "s.two"])).toEqual([{ f: 1 }, 1, "s", "s.two"]);
  });

  test("win over shorter names (S2)", () => {
    const results = { a: { b: { c: "of a" }, d: "of a" }, "a.b": { c: "of a.b" } };
    expect(argsBeside(results, ["a.b.c", "a.b", "a.d"])).toEqual(["of a.b", { c: "of a.b" }, "of a"]);
  });

  test("that are the step's own are data, though a shorter name would match (S2) (S3)", () => {
    const host = new FakeHost();
    const { r } = host.ask([
      { name: "a", fun: "wrap", args: [1] },
      { name: "a.nested", fun: "echo", args: ["a.nested.deep"] },
    ]);
    expect(r).toEqual({ a: { value: 1, nested: { deep: 1 } }, "a.nested": "a.nested.deep" });
  });

  test("match only as a whole when there are more than 16 dots (S2)", () => {
    const name = Array.from({ length: 18 }, (_, i) => `p${i}`).join(".");
    expect(argsBeside({ [name]: { f: 1 } }, [name, `${name}.f`])).toEqual([{ f: 1 }, `${name}.f`]);
  });
});

describe("what a step gets", () => {
  test("kwargs are its last argument, unless they are empty (R1)", () => {
    expect(argsBeside({}, [1, 2], { a: 1 })).toEqual([1, 2, { a: 1 }]);
    expect(argsBeside({}, [1, 2], {})).toEqual([1, 2]);
    expect(argsBeside({}, [], { a: 1 })).toEqual([{ a: 1 }]);
  });

  test("keys that JavaScript knows as prototypes are data, also beside references", () => {
    const arg = argsBeside({ a: 1 }, [JSON.parse('{"__proto__": {"admin": "a"}, "constructor": "a"}')])[0] as object;
    expect(Object.keys(arg)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(arg)).toBe(Object.prototype);
    expect(JSON.stringify(arg)).toBe('{"__proto__":{"admin":1},"constructor":1}');
  });

  test("inherited names are no path", () => {
    expect(() => argsBeside({ a: {} }, ["a.constructor"])).toThrow("Cannot take a.constructor");
    expect(() => argsBeside({ a: [] }, ["a.push"])).toThrow("Cannot take a.push");
  });
});
