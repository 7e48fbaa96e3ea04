import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Ref } from "../../../src/rpc/graph/ref-type.js";
import { type RefOwner, createRef, ref, refTarget } from "../../../src/rpc/graph/ref.js";

interface Readings {
  rows: { city: string }[];
  meta: { unit: string };
  then: string;
}

const owner: RefOwner = { stepName: (step) => ["ingest", "clean"][step] ?? "" };
const readings = createRef<Readings>(owner, 0, []);
const anything = createRef<unknown>(owner, 0, []);

function pathOf(value: unknown): unknown {
  return refTarget(value)?.path;
}

/** The error of `attempt`, which must refuse to use the value. */
function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(MpregError);
    expect((error as MpregError).code).toBe("invalid-argument");
    return (error as MpregError).message;
  }
  throw new Error("it was not refused");
}

describe("a reference", () => {
  test("names its step and leads further with every field and item (F4)", () => {
    expect(refTarget(readings)).toMatchObject({ step: 0, path: [] });
    expect(refTarget(readings)?.owner).toBe(owner);
    expect(pathOf(readings.rows.at(2).city)).toEqual(["rows", 2, "city"]);
    expect(pathOf(readings.rows.length)).toEqual(["rows", "length"]);
    expect(pathOf(anything["odd name"])).toEqual(["odd name"]);
  });

  test("takes names of a prototype for fields (F4)", () => {
    for (const name of ["constructor", "__proto__", "prototype", "hasOwnProperty", "map", "toUpperCase", "catch"]) {
      expect(pathOf(anything[name])).toEqual([name]);
    }
  });

  test("is the same reference after an async function returned it (F2)", async () => {
    const build = async (): Promise<Ref<Readings>> => readings;
    expect(readings.then).toBeUndefined();
    expect(pathOf((await build()).meta)).toEqual(["meta"]);
    expect((await build()) === readings).toBe(true);
  });

  test("refuses to become text, a number, JSON or a sequence, and says what would work (F1)", () => {
    const { rows } = readings;
    const attempts: [string, () => unknown][] = [
      ["make text of", () => `${rows}`],
      ["make text of", () => String(rows)],
      ["make text of", () => rows.toString()],
      ["make text of", () => rows.toLocaleString()],
      ["make text of", () => [rows].join()],
      ["make text of", () => ({ [rows as never]: 1 })],
      ["compute with", () => (rows as never as number) + 1],
      ["compute with", () => (rows as never as number) * 2],
      ["compute with", () => (rows as never as number) > 2],
      ["compute with", () => rows.valueOf()],
      ["make JSON of", () => JSON.stringify(rows)],
      ["make JSON of", () => JSON.stringify({ deep: [rows] })],
      ["iterate over", () => [...(rows as never as string[])]],
      ["iterate over", () => Array.from(rows as never as string[])],
    ];
    for (const [attempt, run] of attempts) {
      const message = refusal(run);
      expect(message).toContain(`Cannot ${attempt} the result of step "ingest" at rows`);
      expect(message).toContain("Pass the reference itself as an argument");
    }
  });

  test("refuses every question about its fields, whose answer nobody knows (F1)", () => {
    expect(refusal(() => ({ ...readings }))).toContain("list or spread the fields");
    expect(refusal(() => Object.keys(readings))).toContain("list or spread the fields");
    expect(refusal(() => "rows" in readings)).toContain('look for "rows"');
    expect(refusal(() => Object.hasOwn(readings, "rows"))).toContain('look for "rows"');
    expect("then" in readings).toBe(false);
    expect("at" in readings).toBe(true);
    expect(Symbol.iterator in readings).toBe(true);
    expect(Symbol("other") in readings).toBe(false);
  });

  test("cannot be changed (F1)", () => {
    const writable = readings as { rows?: unknown };
    expect(refusal(() => (writable.rows = 1))).toContain('set "rows"');
    expect(refusal(() => Object.defineProperty(readings, "rows", { value: 1 }))).toContain('set "rows"');
    expect(refusal(() => delete writable.rows)).toContain('delete "rows"');
    refusal(() => Object.setPrototypeOf(readings, null) as unknown);
    expect(refusal(() => Object.preventExtensions(readings))).toContain("Cannot freeze");
    refusal(() => Object.freeze(readings));
    expect(pathOf(readings.rows)).toEqual(["rows"]);
  });

  test("refuses positions that no item can have", () => {
    expect(refusal(() => readings.rows.at(-1))).toContain("must be an integer from 0, got -1");
    expect(refusal(() => readings.rows.at(0.5))).toContain("got 0.5");
    expect(refusal(() => readings.rows.at(NaN))).toContain("got NaN");
    expect(refusal(() => readings.rows.at("0" as never))).toContain("got string");
    expect(refusal(() => readings.rows.at(readings as never))).toContain("got a reference");
  });

  test("shows its step and path when it is printed, alone or inside something", () => {
    const part = readings.rows.at(0).city;
    expect(inspect(part)).toBe('Ref(step "ingest" at rows[0].city)');
    expect(inspect({ args: [readings] }, { depth: 9 })).toBe('{ args: [ Ref(step "ingest") ] }');
    expect(inspect(part, { showProxy: true })).toContain('Ref(step "ingest" at rows[0].city)');
    expect(Object.prototype.toString.call(part)).toBe("[object Ref]");
  });
});

describe("ref()", () => {
  test("reaches any name, those included that mean something else on a reference", () => {
    expect(pathOf(ref(readings))).toEqual([]);
    expect(pathOf(ref(readings, "then"))).toEqual(["then"]);
    expect(pathOf(ref(readings.rows, 0, "city"))).toEqual(["rows", 0, "city"]);
    for (const name of ["at", "toString", "toJSON", "valueOf", "length", "__proto__"]) {
      expect(pathOf(ref(anything, "rows", 0, name))).toEqual(["rows", 0, name]);
    }
  });

  test("refuses what is not a reference, and segments that are not a name or a position", () => {
    expect(refusal(() => ref({} as never))).toContain("must be a reference, got object");
    expect(refusal(() => ref(null as never))).toContain("got null");
    expect(refusal(() => ref(anything, "rows", -1))).toContain("path[1] must be a name or a position from 0, got -1");
    expect(refusal(() => ref(anything, 1.5))).toContain("got 1.5");
    expect(refusal(() => ref(anything, anything as never))).toContain("got a reference");
  });
});

describe("refTarget", () => {
  test("touches nothing on a value that is not a reference (F3)", () => {
    const touched = (): never => {
      throw new Error("touched");
    };
    const names = Object.getOwnPropertyNames(Reflect) as (keyof ProxyHandler<object>)[];
    const hostile = new Proxy({}, Object.fromEntries(names.map((name) => [name, touched])));
    expect(refTarget(hostile) === undefined).toBe(true);
    for (const value of [undefined, null, 0, "x", Symbol("x"), 1n, () => 0, {}, []]) {
      expect(refTarget(value)).toBeUndefined();
    }
  });

  test("is not deceived by an object that looks like a reference", () => {
    expect(refTarget({ owner, step: 0, path: [] })).toBeUndefined();
    expect(refTarget(Object.create(readings))).toBeUndefined();
  });
});
