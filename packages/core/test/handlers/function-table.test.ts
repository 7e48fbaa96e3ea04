import { describe, expect, test } from "vitest";
import type { MpregError } from "../../src/base/index.js";
import { contract, fn } from "../../src/base/index.js";
import { FunctionTable } from "../../src/handlers/index.js";
import { offersMax } from "../../src/wire/index.js";

function table(): FunctionTable {
  return new FunctionTable({
    name: "full",
    resources: [],
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
});
