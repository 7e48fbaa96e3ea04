/** The types of what a handler gets, as a program of Node.js or a browser sees them. */
import { expectTypeOf, test } from "vitest";
import { type FunctionRegistry, type HandlerContext, type HandlerLog, context, fn } from "../../src/index.js";

declare const node: FunctionRegistry;

test("the signal is the platform's, so that it goes into everything that takes one", () => {
  expectTypeOf(context().signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(fetch).toBeCallableWith("http://localhost", { signal: context().signal });
});

test("sleep takes ms and, if wanted, what ends it early", () => {
  expectTypeOf(context().sleep).toBeCallableWith(5);
  expectTypeOf(context().sleep).toBeCallableWith(5, { signal: null });
  expectTypeOf(context().sleep).toBeCallableWith(5, { signal: new AbortController().signal });
  // @ts-expect-error -- a duration is a number of ms
  void context().sleep("5 s");
});

test("the log takes a message, or fields and a message", () => {
  expectTypeOf<HandlerContext["log"]>().toEqualTypeOf<HandlerLog>();
  expectTypeOf(context().log.info).toBeCallableWith({ rows: 2 }, "summarised");
  expectTypeOf(context().log.info).toBeCallableWith("summarised");
});

test("a function is registered with what fn makes, and with any handler", () => {
  node.register("half", (value: number) => value / 2, fn({ resources: ["cpu"] }));
  node.register("any", async () => context().call<number>("half", [1]));
  // @ts-expect-error -- no such option
  node.register("typo", () => 1, { resource: ["cpu"] });
});
