import { describe, expect, test } from "vitest";
import type { MpregError } from "../../src/base/index.js";
import { contract, fn } from "../../src/base/index.js";
import { semver } from "../support/semver.js";
import { FunctionTable } from "../../src/handlers/index.js";
import { offersMax } from "../../src/wire/index.js";

function table(messageBytesMax = 2 ** 26, resources: readonly string[] = []): FunctionTable {
  return new FunctionTable({
    name: "full",
    semver,
    resources,
    messageBytesMax,
    checkOpen: () => undefined,
    registered: () => undefined,
    unregistered: () => undefined,
  });
}

describe("a function table", () => {
  test("has a name once for each version and once without; each goes by its own registration, all by the name (F1)", () => {
    const functions = table();
    const handlers = [undefined, "1.0.0", "2.0.0"].map((version) => {
      const handler = (): string => version ?? "none";
      return { version, handler, registration: functions.register("f", handler, { version }) };
    });
    for (const { version, handler } of handlers) expect(functions.get("f", version)?.handler).toBe(handler);
    const twice = expect.objectContaining({
      code: "already-registered",
      message: expect.stringContaining("a function of that name and of version 1.0.0") as string,
    }) as MpregError;
    expect(() => functions.register("f", () => 0, { version: "1.0.0" })).toThrow(twice);
    handlers[1]?.registration.unregister();
    expect([...functions.values()].map(({ offer }) => offer.version)).toEqual([undefined, "2.0.0"]);
    functions.register("f", () => 0, { version: "1.0.0" });
    handlers[1]?.registration.unregister(); // its own is gone already
    expect(functions.get("f", "1.0.0")).toBeDefined();
    expect([functions.unregister("f"), functions.has("f"), functions.unregister("f")]).toEqual([true, false, false]);
  });

  test("refuses names of built-in functions", () => {
    expect(() => table().register("mpreg.queue.orders", () => 0)).toThrow(
      'names that begin with "mpreg." belong to the nodes',
    );
    expect(table().register("mpregs", () => 0).name).toBe("mpregs");
  });

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
