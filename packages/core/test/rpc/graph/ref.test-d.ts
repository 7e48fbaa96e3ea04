/* eslint-disable @typescript-eslint/restrict-plus-operands -- that references cannot be added is one of the cases */
import { describe, expectTypeOf, test } from "vitest";
import { createGraph } from "../../../src/rpc/graph/graph.js";
import type { Ref, RefTo } from "../../../src/rpc/graph/ref-type.js";
import { ref } from "../../../src/rpc/graph/ref.js";
import type { HasAny, IsAny } from "../../support/has-any.js";

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
/** As zod's optional() types it, and as everything optional is without exactOptionalPropertyTypes. */
interface Loose {
  readonly note?: string | undefined;
  readonly list: (string | undefined)[];
  readonly pair: [string, (number | undefined)?];
  readonly exact: [string, number?];
  readonly state: string | undefined;
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
declare const loose: Ref<Loose>;

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
    expectTypeOf<IsAny<typeof readings.byCity.Oslo>>().toEqualTypeOf<false>();
    expectTypeOf<IsAny<typeof unknownResult>>().toEqualTypeOf<false>();
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the case itself
    expectTypeOf<IsAny<Ref<any>>>().toEqualTypeOf<false>();
  });

  test("of a type that is known has no any in it, at any depth (T1)", () => {
    expectTypeOf<HasAny<Ref<Readings>>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<Ref<Loose>>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<Ref<Shape[]>>>().toEqualTypeOf<false>();
    // so that the check is known to find one
    expectTypeOf<
      HasAny<{ a: { b: Ref<{ c: never }> & Record<"d", ReturnType<typeof JSON.parse>> } }>
    >().toEqualTypeOf<true>();
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
    // @ts-expect-error a method of strings
    text.toUpperCase();
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
    // @ts-expect-error not a number or a text
    readings + 1;
    // @ts-expect-error not a number or a text
    unknownResult + 1;
    // @ts-expect-error not a text
    const label: string = text;
    // @ts-expect-error not a text
    const unknownLabel: string = unknownResult;
    // @ts-expect-error nor what is typed as its value
    const plain: Readings = readings;
    // @ts-expect-error not a function
    unknownResult();
    // @ts-expect-error not iterable
    [...unknownResult];
    expectTypeOf([label, unknownLabel, plain]).toBeArray();
  });

  test("has no then, so that awaiting it gives the reference itself (T3)", () => {
    expectTypeOf<Awaited<Ref<Readings>>>().toEqualTypeOf<Ref<Readings>>();
    expectTypeOf<Awaited<Ref<unknown>>>().toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(readings.then).toEqualTypeOf<undefined>();
    const build = async (): Promise<Ref<Readings>> => readings;
    expectTypeOf(build).returns.resolves.toEqualTypeOf<Ref<Readings>>();
  });

  test("names a place, so that what is missing is not in its type: its use would fail (T2)", () => {
    expectTypeOf(readings.rows.at(3)).toEqualTypeOf<Ref<Row>>();
    expectTypeOf(readings.rows.at(3).note).toEqualTypeOf<Ref<string>>();
    expectTypeOf(loose.exact.at(1)).toEqualTypeOf<Ref<number>>();
    expectTypeOf(readings.meta).not.toExtend<RefTo<{ readonly unit: "C" | "F" }>>();
    expectTypeOf(readings.meta.unit).toEqualTypeOf<Ref<"C" | "F">>();
    expectTypeOf(readings.meta.source).toEqualTypeOf<Ref<string | null>>();
  });

  test("includes the undefined that a handler may answer (T2)", () => {
    expectTypeOf(loose.note).toEqualTypeOf<Ref<string | undefined>>();
    expectTypeOf(loose.state).toEqualTypeOf<Ref<string | undefined>>();
    expectTypeOf(loose.list.at(0)).toEqualTypeOf<Ref<string | undefined>>();
    expectTypeOf(loose.pair.at(1)).toEqualTypeOf<Ref<number | undefined>>();
    expectTypeOf(ref(loose, "note")).toEqualTypeOf<Ref<string | undefined>>();
    expectTypeOf(ref(loose, "pair", 1)).toEqualTypeOf<Ref<number | undefined>>();
    expectTypeOf<Ref<{ a?: { b?: number | undefined } | undefined }>["a"]["b"]>().toEqualTypeOf<
      Ref<number | undefined>
    >();
    // @ts-expect-error it may be undefined
    const note: RefTo<string> = loose.note;
    expectTypeOf(note).not.toBeAny();
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

  test("to a record lets one name any field, as far as the compiler's options do", () => {
    // noUncheckedIndexedAccess is on here, and speaks of every field that is not declared.
    expectTypeOf(readings.byCity.Oslo).toEqualTypeOf<Ref<Row> | undefined>();
    expectTypeOf(ref(readings, "byCity", "Oslo").city).toEqualTypeOf<Ref<string>>();
  });

  test("to what is not known lets one name any field, at any depth, whatever the compiler's options (T4)", () => {
    expectTypeOf(unknownResult.field).toBeAny();
    expectTypeOf(unknownResult.meta.unit).toBeAny();
    expectTypeOf(unknownResult.length).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(unknownResult.at(0).at(1)).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(unknownResult.then).toEqualTypeOf<undefined>();
    expectTypeOf(ref(unknownResult, "rows", 0, "then")).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(unknownResult).not.toExtend<RefTo<string>>();
    expectTypeOf(unknownResult).not.toExtend<{ readonly rows: unknown }>();
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

  test("a reference to a typed array has its length and its items, and no more (T1)", () => {
    const samples = graph.call<Float32Array>("sample");
    expectTypeOf(samples.length).toEqualTypeOf<Ref<number>>();
    expectTypeOf(samples.at(0)).toEqualTypeOf<Ref<number>>();
    expectTypeOf(ref(samples, 0)).toEqualTypeOf<Ref<number>>();
    expectTypeOf(graph.call<BigInt64Array>("times").at(0)).toEqualTypeOf<Ref<bigint>>();
    // @ts-expect-error a step takes the whole value for that
    expectTypeOf(samples.buffer);
    expectTypeOf(graph.run({ samples, first: samples.at(0) })).resolves.toEqualTypeOf<{
      samples: Float32Array;
      first: number;
    }>();
  });

  test("reads as its example does: fields of a result that nobody has typed (T4)", async () => {
    const sensorId = "sensor-7";
    const readings = graph.call("ingest", [sensorId], { resources: ["raw-data"] });
    const clean = graph.call("clean", [readings.rows, { unit: readings.meta.unit }]);
    const answer = await graph.run({ report: graph.call("report", [clean]), count: clean.length });
    expectTypeOf(answer).toEqualTypeOf<{ report: unknown; count: unknown }>();
    // @ts-expect-error unknown is not a number before somebody has looked
    answer.count + 1;
  });

  test("run gives unknown for what is any, never any (T4)", () => {
    expectTypeOf(graph.run(unknownResult)).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(graph.run(unknownResult.rows)).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(graph.run([unknownResult.rows, text])).resolves.toEqualTypeOf<[unknown, string]>();
    expectTypeOf(graph.run({ a: { b: unknownResult.meta.unit } })).resolves.toEqualTypeOf<{ a: { b: unknown } }>();
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the case itself
    const anything = graph.call<any>("f");
    expectTypeOf(graph.run(anything)).resolves.toEqualTypeOf<unknown>();
    expectTypeOf(graph.run({ a: anything })).resolves.toEqualTypeOf<{ a: unknown }>();
    const settled = graph.run({ a: unknownResult.rows, b: anything }, { onError: "settle" });
    expectTypeOf(settled).resolves.toHaveProperty("outputs").toEqualTypeOf<{ a: unknown; b: unknown }>();
    const one = graph.run(unknownResult.rows, { onError: "settle" });
    expectTypeOf(one).resolves.toHaveProperty("outputs").toEqualTypeOf<unknown>();
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
