import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type CallArguments, type CallResult, type Handler, contract, fn } from "../../../src/base/contract.js";
import type { Implementations } from "../../../src/handlers/index.js";
import { createGraph } from "../../../src/rpc/graph/graph.js";
import type { Ref } from "../../../src/rpc/graph/ref-type.js";
import type { HasAny } from "../../support/has-any.js";

const zodApi = contract({
  ingest: fn({
    input: z.string(),
    output: z.object({
      rows: z.array(z.object({ city: z.string(), celsius: z.number() })),
      meta: z.object({ unit: z.enum(["C", "F"]), note: z.string().optional() }),
    }),
    resources: ["raw-data"],
  }),
  clean: fn({
    input: [
      z.array(z.object({ city: z.string(), celsius: z.number() })),
      z.object({ unit: z.enum(["C", "F"]), limit: z.coerce.number<string>() }),
    ],
    output: z.array(z.number()).transform((numbers) => numbers.length),
  }),
  tick: fn({ input: [] }),
  search: fn({ input: [z.string(), z.number().optional(), z.boolean().default(true)] }),
  notes: fn({ input: z.object({ note: z.string().optional() }) }),
  anything: fn(),
});

const valibotApi = contract({
  ingest: fn({
    input: v.string(),
    output: v.object({ rows: v.array(v.object({ city: v.string() })), note: v.optional(v.string()) }),
  }),
  clean: fn({
    input: [v.array(v.object({ city: v.string() })), v.object({ limit: v.pipe(v.string(), v.transform(Number)) })],
    output: v.pipe(
      v.array(v.number()),
      v.transform((numbers) => numbers.length),
    ),
  }),
});

const arktypeApi = contract({
  ingest: fn({ input: type("string"), output: type({ rows: type({ city: "string" }).array(), "note?": "string" }) }),
  clean: fn({
    input: [type({ city: "string" }).array(), type({ limit: "string.numeric.parse" })],
    output: type("number[]").pipe((numbers) => numbers.length),
  }),
});

const runner = (): Promise<never> => Promise.reject(new Error("not run"));

describe("a contract", () => {
  test("gives the caller input types for arguments and output types for results (C2)", () => {
    type Clean = (typeof zodApi)["clean"];
    expectTypeOf<CallArguments<Clean>[1]>().toEqualTypeOf<{ unit: "C" | "F"; limit: string }>();
    expectTypeOf<CallResult<Clean>>().toEqualTypeOf<number>();
    expectTypeOf<CallArguments<(typeof zodApi)["ingest"]>>().toEqualTypeOf<[string]>();
    expectTypeOf<CallArguments<(typeof zodApi)["tick"]>>().toEqualTypeOf<[]>();
    expectTypeOf<CallArguments<(typeof zodApi)["search"]>>().toEqualTypeOf<
      [string, (number | undefined)?, (boolean | undefined)?]
    >();
    expectTypeOf<CallArguments<(typeof zodApi)["anything"]>>().toEqualTypeOf<unknown[]>();
    expectTypeOf<CallResult<(typeof zodApi)["anything"]>>().toEqualTypeOf<unknown>();
  });

  test("gives the handler output types for arguments and takes input types for results (C2)", () => {
    type Handled = Implementations<typeof zodApi>;
    type Clean = Handler<(typeof zodApi)["clean"]>;
    expectTypeOf<Parameters<Clean>[1]>().toEqualTypeOf<{ unit: "C" | "F"; limit: number }>();
    expectTypeOf<Awaited<ReturnType<Clean>>>().toEqualTypeOf<number[]>();
    expectTypeOf<Parameters<Handler<(typeof zodApi)["search"]>>>().toEqualTypeOf<
      [string, number | undefined, boolean]
    >();
    const handlers: Pick<Handled, "clean" | "tick"> = {
      clean: (rows, { limit }) => Promise.resolve(rows.map((row) => row.celsius + limit)),
      tick: () => "any result will do without an output schema",
    };
    const wrong: Pick<Handled, "clean"> = {
      // @ts-expect-error the output schema takes numbers
      clean: (rows) => rows.map((row) => row.city),
    };
    const batched: Pick<Handled, "clean" | "tick"> = {
      clean: { batchHandler: (calls) => calls.map(([rows, { limit }]) => rows.map((row) => row.celsius + limit)) },
      tick: { handler: () => 1, concurrencyMax: 2 },
    };
    const unbatched: Pick<Handled, "clean"> = {
      // @ts-expect-error one call at a time, the result is an array of numbers
      clean: { handler: (rows) => rows.map((row) => row.city) },
    };
    // @ts-expect-error a handler is missing
    const missing: Pick<Handled, "clean" | "tick"> = { clean: () => [] };
    expectTypeOf([handlers, wrong, missing, batched, unbatched]).toBeArray();
  });

  test("infers the same types from valibot and from arktype", () => {
    expectTypeOf<CallArguments<(typeof valibotApi)["clean"]>>().toEqualTypeOf<
      [{ city: string }[], { limit: string }]
    >();
    expectTypeOf<CallArguments<(typeof arktypeApi)["clean"]>>().toEqualTypeOf<
      [{ city: string }[], { limit: string }]
    >();
    expectTypeOf<Parameters<Handler<(typeof valibotApi)["clean"]>>[1]>().toEqualTypeOf<{ limit: number }>();
    expectTypeOf<Parameters<Handler<(typeof arktypeApi)["clean"]>>[1]>().toEqualTypeOf<{ limit: number }>();
    expectTypeOf<CallResult<(typeof valibotApi)["clean"]>>().toEqualTypeOf<number>();
    expectTypeOf<CallResult<(typeof arktypeApi)["clean"]>>().toEqualTypeOf<number>();
    expectTypeOf<CallResult<(typeof valibotApi)["ingest"]>["note"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<CallResult<(typeof arktypeApi)["ingest"]>["note"]>().toEqualTypeOf<string | undefined>();
  });

  test("takes nothing but schemas", () => {
    // @ts-expect-error not a schema
    fn({ input: "string" });
    // @ts-expect-error not a schema
    fn({ input: [z.string(), "number"] });
    // @ts-expect-error not made by fn
    contract({ clean: z.string() });
  });
});

describe("a graph with a contract", () => {
  const graph = createGraph(runner, zodApi);

  test("types every reference, and takes references wherever an argument has a part", async () => {
    const readings = graph.call("ingest", ["sensor"]);
    expectTypeOf(readings.rows.at(0).celsius).toEqualTypeOf<Ref<number>>();
    const clean = graph.call("clean", [readings.rows, { unit: readings.meta.unit, limit: readings.rows.at(0).city }]);
    expectTypeOf(clean).toEqualTypeOf<Ref<number>>();
    graph.call("clean", [[readings.rows.at(0), { city: "Oslo", celsius: 3 }], { unit: "C", limit: "1" }]);
    graph.call("ingest", [readings.meta.unit], { resources: ["gpu"], name: "again", timeoutMs: 5 });
    graph.call("tick", []);
    graph.call("search", ["x"]);
    graph.call("search", ["x", clean]);
    graph.call("anything", [1, readings, { a: [clean] }]);
    expectTypeOf(await graph.run({ clean, note: readings.meta.note })).toEqualTypeOf<{
      clean: number;
      note: string | undefined;
    }>();
  });

  test("knows that an optional field may be undefined", () => {
    const readings = graph.call("ingest", ["sensor"]);
    expectTypeOf(readings.meta.note).toEqualTypeOf<Ref<string | undefined>>();
    // @ts-expect-error the schema takes a string
    graph.call("ingest", [readings.meta.note]);
    graph.call("search", ["x", undefined, true]);
    graph.call("notes", [{ note: readings.meta.note }]);
  });

  test("leaves no any in what it gives, whatever the library of its schemas", () => {
    const [valibot, arktype] = [createGraph(runner, valibotApi), createGraph(runner, arktypeApi)];
    const zod = graph.call("ingest", ["sensor"]);
    expectTypeOf<HasAny<typeof zod>>().toEqualTypeOf<false>();
    const ofValibot = valibot.call("ingest", ["sensor"]);
    expectTypeOf<HasAny<typeof ofValibot>>().toEqualTypeOf<false>();
    const ofArktype = arktype.call("ingest", ["sensor"]);
    expectTypeOf<HasAny<typeof ofArktype>>().toEqualTypeOf<false>();
    expectTypeOf(ofArktype.note).toEqualTypeOf<Ref<string>>();
    // without a schema nothing is known of a result, and its fields can be named
    const tick = graph.call("tick", []);
    expectTypeOf(tick).toEqualTypeOf<Ref<unknown>>();
    expectTypeOf(graph.run({ zod, parts: [ofValibot.note, tick.any.what] })).resolves.toEqualTypeOf<{
      zod: CallResult<(typeof zodApi)["ingest"]>;
      parts: [string | undefined, unknown];
    }>();
  });

  test("refuses a function that it does not have", () => {
    // @ts-expect-error no such function
    graph.call("ingset", ["sensor"]);
  });

  test("refuses an argument of another type, at any depth", () => {
    const readings = graph.call("ingest", ["sensor"]);
    // @ts-expect-error a number for a string
    graph.call("ingest", [1]);
    // @ts-expect-error a reference to rows for a string
    graph.call("ingest", [readings.rows]);
    // @ts-expect-error an argument too many
    graph.call("ingest", ["sensor", 2]);
    // @ts-expect-error an argument too few
    graph.call("clean", [readings.rows]);
    // @ts-expect-error not a unit
    graph.call("clean", [readings.rows, { unit: "K", limit: "1" }]);
    // @ts-expect-error a number for a string, behind a reference
    graph.call("clean", [readings.rows, { unit: "C", limit: readings.rows.at(0).celsius }]);
    // @ts-expect-error a reference to a part where the whole belongs
    graph.call("clean", [readings.rows.at(0), { unit: "C", limit: "1" }]);
    // @ts-expect-error kwargs are the last argument of a contract
    graph.call("tick", [], { kwargs: {} });
  });

  test("refuses a field that the output does not have", () => {
    const readings = graph.call("ingest", ["sensor"]);
    // @ts-expect-error no such field
    readings.row;
    // @ts-expect-error no such field
    readings.meta.units;
  });

  test("does all this with valibot", () => {
    const typed = createGraph(runner, valibotApi);
    const readings = typed.call("ingest", ["sensor"]);
    expectTypeOf(readings.rows.at(0).city).toEqualTypeOf<Ref<string>>();
    expectTypeOf(typed.call("clean", [readings.rows, { limit: "1" }])).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error no such function
    typed.call("ingset", ["sensor"]);
    // @ts-expect-error a number for a string
    typed.call("ingest", [1]);
    // @ts-expect-error no such field
    readings.row;
  });

  test("does all this with arktype", () => {
    const typed = createGraph(runner, arktypeApi);
    const readings = typed.call("ingest", ["sensor"]);
    expectTypeOf(readings.rows.at(0).city).toEqualTypeOf<Ref<string>>();
    expectTypeOf(typed.call("clean", [readings.rows, { limit: "1" }])).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error no such function
    typed.call("ingset", ["sensor"]);
    // @ts-expect-error a number for a string
    typed.call("ingest", [1]);
    // @ts-expect-error no such field
    readings.row;
  });

  test("can have its contract as a type only", () => {
    const typed = createGraph<typeof zodApi>(runner);
    expectTypeOf(typed.call("clean", [[], { unit: "F", limit: "" }])).toEqualTypeOf<Ref<number>>();
    // @ts-expect-error no such function
    typed.call("ingset", ["sensor"]);
  });
});
