import { describe, expect, test } from "vitest";
import type { MpregError } from "../../src/base/index.js";
import { contract, fn } from "../../src/base/index.js";
import { FunctionTable } from "../../src/handlers/index.js";
import { offersMax } from "../../src/wire/index.js";

function table(messageBytesMax = 2 ** 26, resources: readonly string[] = []): FunctionTable {
  return new FunctionTable({
    name: "full",
    resources,
    messageBytesMax,
    checkOpen: () => undefined,
    registered: () => undefined,
    unregistered: () => undefined,
  });
}

describe("a function table", () => {
  test("refuses what other nodes would refuse of it, and takes it when there is room again (F2) (F3)", () => {
    const functions = table();
    for (let i = 0; i < offersMax; i++) functions.register(`f${i}`, () => i);
    const refusal = expect.objectContaining({ code: "too-large", node: "full" }) as MpregError;
    expect(() => functions.register("one-more", () => 0)).toThrow(refusal);
    functions.unregister("f7");
    const two = contract({ a: fn({}), b: fn({}) });
    expect(() => functions.implement(two, { a: () => 1, b: () => 2 })).toThrow(refusal);
    expect(functions.get("a")).toBeUndefined();
    functions.register("one-more", () => 0);
    expect([...functions.values()]).toHaveLength(offersMax);
  });

  test("refuses more than other nodes can be told of in one message, and takes it when there is room again (F3)", () => {
    const functions = table(1_024, ["gpu"]);
    functions.register("private", () => 0, { tags: ["x".repeat(900)], scope: "node" }); // nobody is told of it
    functions.register("first", () => 0, { tags: ["x".repeat(500)] });
    const told = 'other nodes are told of the functions of "full" in one message, which would take ';
    const refusal = expect.objectContaining({ code: "too-large", message: expect.stringContaining(told) as string });
    expect(() => functions.register("second", () => 0, { tags: ["y".repeat(400)] })).toThrow(refusal as MpregError);
    expect(functions.get("second")).toBeUndefined();
    functions.unregister("first");
    functions.register("second", () => 0, { tags: ["y".repeat(400)] });
    const long = contract({ a: fn({ resources: ["r".repeat(200)] }), b: fn({ resources: ["s".repeat(200)] }) });
    expect(() => functions.implement(long, { a: () => 1, b: () => 2 })).toThrow(refusal as MpregError); // (F2)
    expect(functions.get("a")).toBeUndefined();
  });
});
