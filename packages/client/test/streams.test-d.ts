/** The types of streams: what a call answers, what a graph gives, and what the steps of one take. */
import { type Client, connect } from "@mpreg/client";
import { contract, fn } from "@mpreg/core";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

const functions = contract({
  count: fn({ input: [z.number()], output: z.custom<AsyncIterable<number>>() }),
  sum: fn({ input: [z.custom<AsyncIterable<number>>()], output: z.number() }),
});

const typed = await connect("ws://127.0.0.1:1", { contract: functions });
declare const untyped: Client;

test("a contract says what the items of a stream are, for calls and for the steps that take it", async () => {
  expectTypeOf(await typed.call("count", [3])).toEqualTypeOf<AsyncIterable<number>>();
  const graph = typed.graph();
  const counted = graph.call("count", [3]);
  expectTypeOf(await graph.run(counted)).toEqualTypeOf<AsyncIterable<number>>();
  expectTypeOf(await graph.run(graph.call("sum", [counted]))).toEqualTypeOf<number>();
  // @ts-expect-error -- a number is no stream
  graph.call("sum", [3]);
  // @ts-expect-error -- a stream has no parts
  expectTypeOf(counted.length).toBeUnknown();
});

test("without a contract the caller says so", async () => {
  expectTypeOf(await untyped.call<AsyncIterable<string>>("tail")).toEqualTypeOf<AsyncIterable<string>>();
  const graph = untyped.graph();
  expectTypeOf(await graph.run(graph.call<AsyncIterable<string>>("tail"))).toEqualTypeOf<AsyncIterable<string>>();
});
