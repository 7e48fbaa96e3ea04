import { describe, expectTypeOf, test } from "vitest";
import { createGraph } from "../../src/rpc/graph.js";
import type { Ref, RefTo } from "../../src/rpc/ref-type.js";
import { ref } from "../../src/rpc/ref.js";

type IsAny<T> = 0 extends 1 & T ? true : false;

interface Row {
  readonly city: string;
  readonly celsius: number;
  readonly note?: string;
}
interface Readings {
  readonly rows: Row[];
  readonly meta: { readonly unit: "C" | "F"; readonly source: string | null } | null;
  readonly pair: [string, number];
  readonly byCity: Record<string, Row>;
  readonly taken: Date;
  readonly then: string;
  readonly at: number;
  toText(): string;
}
interface Tree {
  readonly name: string;
  readonly children: Tree[];
}
type Shape = { readonly kind: "circle"; readonly radius: number } | { readonly kind: "square"; readonly side: number };

declare const readings: Ref<Readings>;
declare const text: Ref<string>;
declare const shape: Ref<Shape>;
declare const unknownResult: Ref<unknown>;

describe("the type of a reference", () => {
  test("is not its value, and the value is not a reference (T1)", () => {
    expectTypeOf(text).not.toExtend<string>();
    expectTypeOf(readings).not.toExtend<Readings>();
    expectTypeOf<Ref<number>>().not.toExtend<number>();
    expectTypeOf<Ref<boolean>>().not.toExtend<boolean>();
    expectTypeOf<Ref<Row[]>>().not.toExtend<readonly Row[]>();
    expectTypeOf<Ref<Date>>().not.toExtend<Date>();
    expectTypeOf<Ref<null>>().not.toExtend<null>();
    expectTypeOf<string>().not.toExtend<Ref<string>>();
    expectTypeOf<Readings>().not.toExtend<Ref<Readings>>();
  });

  test("is never any, whatever it refers to (T1)", () => {
    expectTypeOf<IsAny<typeof readings>>().toEqualTypeOf<false>();
    expectTypeOf<IsAny<typeof readings.rows>>().toEqualTypeOf<false>();
    expectTypeOf<IsAny<typeof unknownResult>>().toEqualTypeOf<false>();
    expectTypeOf<IsAny<typeof unknownResult.field>>().toEqualTypeOf<false>();
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the case itself
    expectTypeOf<IsAny<Ref<any>>>().toEqualTypeOf<false>();
  });

  test("is not a reference to something else", () => {
    expectTypeOf<Ref<number>>().not.toExtend<RefTo<string>>();
    expectTypeOf<Ref<string>>().toExtend<RefTo<string | null>>();
    expectTypeOf<Ref<string | null>>().not.toExtend<RefTo<string>>();
    expectTypeOf<Ref<unknown>>().not.toExtend<RefTo<string>>();
  });

  test("has the fields of its value, as references, at any depth", () => {
    expectTypeOf(readings.rows).toEqualTypeOf<Ref<Row[]>>();
    expectTypeOf(readings.rows.at(0).city).toEqualTypeOf<Ref<string>>();
    expectTypeOf(readings.taken).toEqualTypeOf<Ref<Date>>();
    expectTypeOf<Ref<Tree>>().toHaveProperty("children");
    const deep = (tree: Ref<Tree>): Ref<string> => tree.children.at(0).children.at(1).name;
    expectTypeOf(deep).returns.toEqualTypeOf<Ref<string>>();
    // @ts-expect-error there is no such field
    readings.row;
    // @ts-expect-error there is no such field
    readings.rows.at(0).town;
  });

  test("has none of the members of a prototype, only length and at (T1)", () => {
    expectTypeOf(text.length).toEqualTypeOf<Ref<number>>();
    expectTypeOf(readings.rows.length).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error a method of strings
    text.toUpperCase;
    // @ts-expect-error characters are not places
    text.at;
    // @ts-expect-error a method of arrays
    readings.rows.map;
    // @ts-expect-error items are reached with at()
    readings.rows[0];
    // @ts-expect-error a method of dates
    readings.taken.getTime;
    // @ts-expect-error a method of the value
    readings.toText;
    // @ts-expect-error a method of numbers
    readings.rows.length.toFixed;
    // @ts-expect-error not iterable
    [...readings.rows];
    // @ts-expect-error not a function
    unknownResult.map();
  });

  test("cannot be written to or computed with", () => {
    // @ts-expect-error a reference is read-only
    readings.rows = readings.rows;
    // @ts-expect-error not a number
    readings.rows.length - 1;
    // @ts-expect-error not a number
    readings.rows.length * 2;
    // @ts-expect-error not a number
    readings.rows.length > 2;
  });

  test("has no then, so that awaiting it gives the reference itself (T3)", () => {
    expectTypeOf<Awaited<Ref<Readings>>>().toEqualTypeOf<Ref<Readings>>();
    expectTypeOf<Awaited<Ref<unknown>>>().toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(readings.then).toEqualTypeOf<undefined>();
    const build = async (): Promise<Ref<Readings>> => readings;
    expectTypeOf(build).returns.resolves.toEqualTypeOf<Ref<Readings>>();
  });

  test("names a place, so that what may be missing is typed as when it is there (T2)", () => {
    expectTypeOf(readings.rows.at(3)).toEqualTypeOf<Ref<Row>>();
    expectTypeOf(readings.rows.at(3).note).toEqualTypeOf<Ref<string>>();
    expectTypeOf<Ref<{ a?: number | undefined }>["a"]>().toEqualTypeOf<Ref<number>>();
    expectTypeOf(readings.meta).not.toExtend<RefTo<{ readonly unit: "C" | "F" }>>();
    expectTypeOf(readings.meta.unit).toEqualTypeOf<Ref<"C" | "F">>();
    expectTypeOf(readings.meta.source).toEqualTypeOf<Ref<string | null>>();
  });

  test("knows the positions of a tuple", () => {
    const index: number = Number("1");
    expectTypeOf(readings.pair.at(0)).toEqualTypeOf<Ref<string>>();
    expectTypeOf(readings.pair.at(1)).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error a pair has two items
    readings.pair.at(2);
    // @ts-expect-error positions count from 0
    readings.pair.at(-1);
    expectTypeOf(readings.pair.at(index)).toEqualTypeOf<Ref<string | number>>();
    // @ts-expect-error a position is a number
    readings.rows.at("0");
  });

  test("to a union has the fields common to its members; ref() reaches the others", () => {
    expectTypeOf(shape.kind).toExtend<RefTo<"circle" | "square">>();
    // @ts-expect-error only circles have one
    shape.radius;
    expectTypeOf(ref(shape, "radius")).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error none has one
    ref(shape, "diameter");
  });

  test("to a record or to unknown lets one name any field, as far as the compiler's options do", () => {
    // noUncheckedIndexedAccess is on here, and speaks of every field that is not declared.
    expectTypeOf(readings.byCity.Oslo).toEqualTypeOf<Ref<Row> | undefined>();
    expectTypeOf(unknownResult.field).toEqualTypeOf<Ref<unknown> | undefined>();
    expectTypeOf(unknownResult.field?.deeper).toEqualTypeOf<Ref<unknown> | undefined>();
    expectTypeOf(unknownResult.length).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(unknownResult.at(0).at(1)).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(ref(readings, "byCity", "Oslo").city).toEqualTypeOf<Ref<string>>();
    expectTypeOf(ref(unknownResult, "rows", 0, "then")).toEqualTypeOf<Ref<unknown>>();
  });
});

describe("ref()", () => {
  test("reaches names that mean something else on a reference", () => {
    expectTypeOf(ref(readings, "then")).toEqualTypeOf<Ref<string>>();
    expectTypeOf(ref(readings, "at")).toEqualTypeOf<Ref<number>>();
    expectTypeOf(ref(readings, "rows", "length")).toEqualTypeOf<Ref<number>>();
  });

  test("follows a path and refuses one that leads nowhere", () => {
    expectTypeOf(ref(readings)).toEqualTypeOf<Ref<Readings>>();
    expectTypeOf(ref(readings, "rows", 0, "note")).toEqualTypeOf<Ref<string>>();
    expectTypeOf(ref(readings, "meta", "unit")).toEqualTypeOf<Ref<"C" | "F">>();
    expectTypeOf(ref(readings, "pair", 1)).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error no such field
    ref(readings, "rows", 0, "town");
    // @ts-expect-error a name where a position belongs
    ref(readings, "rows", "0");
    // @ts-expect-error strings have no fields
    ref(text, "trim");
    // @ts-expect-error not a reference
    ref({ rows: [] }, "rows");
  });
});

describe("a graph without a contract", () => {
  const graph = createGraph(() => Promise.reject(new Error("not run")));

  test("types a result as unknown or as one says", () => {
    expectTypeOf(graph.call("f")).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(graph.call<Row>("f", [1, { deep: [readings.rows] }])).toEqualTypeOf<Ref<Row>>();
    // @ts-expect-error arguments are an array
    graph.call("f", 1);
  });

  test("run gives the structure of the outputs with values for references", () => {
    expectTypeOf(graph.run()).resolves.toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf(graph.run(undefined, { timeoutMs: 5 })).resolves.toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf(graph.run(text)).resolves.toEqualTypeOf<string>();
    expectTypeOf(graph.run([text, readings.rows.length])).resolves.toEqualTypeOf<[string, number]>();
    expectTypeOf(graph.run({ a: text, b: [{ c: readings.pair }], d: unknownResult.x, e: 1 })).resolves.toEqualTypeOf<{
      a: string;
      b: [{ c: [string, number] }];
      d: unknown;
      e: 1;
    }>();
    expectTypeOf(graph.run({ taken: readings.taken, now: new Date() })).resolves.toEqualTypeOf<{
      taken: Date;
      now: Date;
    }>();
    const list = [text] as Ref<string>[];
    expectTypeOf(graph.run(list)).resolves.toEqualTypeOf<string[]>();
  });

  test("run with onError settle gives outputs that may be missing, and what became of the steps", async () => {
    const answer = await graph.run({ a: text }, { onError: "settle" });
    expectTypeOf(answer.outputs).toEqualTypeOf<{ a: string | undefined }>();
    const outcome = answer.steps.clean;
    if (outcome?.status === "failed") expectTypeOf(outcome.error.code).toExtend<string>();
    const all = await graph.run(undefined, { onError: "settle" });
    expectTypeOf(all.outputs).toEqualTypeOf<Record<string, unknown>>();
    // @ts-expect-error not a way to end
    void graph.run(text, { onError: "ignore" });
  });

  test("run takes the platform's AbortSignal", () => {
    void graph.run(text, { signal: new AbortController().signal });
    // @ts-expect-error not a signal
    void graph.run(text, { signal: new AbortController() });
  });
});
