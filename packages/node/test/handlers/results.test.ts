/** Results that are no values: which, and what the caller is told of the place where it stands. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";

describe("a result that cannot be sent", () => {
  class Point {
    readonly x = 1;
  }
  const results: readonly (readonly [string, () => unknown, string])[] = [
    ["a function", () => ({ rows: [{ onDone: () => 1 }] }), `.rows[0].onDone: a function (onDone)`],
    ["a class instance", () => [new Point()], `[0]: an instance of Point; send plain data`],
    ["a promise inside", () => ({ later: Promise.resolve(1) }), `.later: a Promise; await it first`],
    ["an Error", () => new Error("x"), `: an instance of Error; send its message`],
    ["a symbol", () => ({ s: Symbol("s") }), `.s: a symbol (s)`],
    ["a value in a Map", () => new Map([["k", { f: Math.max }]]), `.get("k").f: a function (max)`],
  ];

  test.each(results)("is refused with the place where it stands: %s", async (_what, handler, place) => {
    const { node, client } = await startPair();
    node.register("make", handler);
    expect(told(await failureOf(client.call("make")))).toEqual({
      code: "not-encodable",
      message: `Cannot encode the result of "make"${place}`,
      step: "make",
      node: "solo",
      outcome: "applied",
    });
  });

  test("is a circular structure, too", async () => {
    const { node, client } = await startPair();
    node.register("circle", () => {
      const self: Record<string, unknown> = { list: [] };
      (self["list"] as unknown[]).push(self);
      return self;
    });
    const error = await failureOf(client.call("circle"));
    expect(told(error)).toMatchObject({ code: "not-encodable", outcome: "applied" });
    expect(error.message).toContain(`the result of "circle".list[0]: a circular reference`);
  });

  test("is a reference that a handler took out of its graph, and the error says why", async () => {
    const { node, client } = await startPair();
    node.register("leak", () => context().graph().call("echo", [1]));
    const error = await failureOf(client.call("leak"));
    expect(error.code).toBe("not-encodable");
    expect(error.message).toContain(
      `a reference to the result of step "echo", which only means something inside its graph`,
    );
  });

  test("is a stream that does not begin, from a handler that waits as from one that does not", async () => {
    const { node, client } = await startPair();
    const broken = {
      [Symbol.asyncIterator]: (): never => {
        throw new Error("there are no items");
      },
    };
    node.register("broken", () => broken);
    node.register("broken later", () => Promise.resolve(broken));
    for (const fun of ["broken", "broken later"]) {
      expect(told(await failureOf(client.call(fun)))).toMatchObject({
        code: "handler-error",
        message: expect.stringContaining("there are no items"),
        outcome: "applied",
      });
    }
  });

  test("does not hide a bigint, which is fine", async () => {
    const { node, client } = await startPair();
    node.register("big", () => 2n ** 70n);
    expect(await client.call("big")).toBe(2n ** 70n);
  });
});
