/** Where the current context is kept: without help of the platform first, then with a storage that a driver provides. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test, vi } from "vitest";
import type { HandlerContext } from "../../src/handlers/index.js";
import { contextOf } from "../support/handler-context.js";

vi.resetModules(); // a node of another file may have provided one in this process
const { context, inContext, provideContextStorage } = await import("../../src/handlers/index.js");

const [outer, inner] = [contextOf("outer"), contextOf("inner")];

const afterAwait = async (): Promise<HandlerContext> => {
  await Promise.resolve();
  return context();
};

describe("before a driver has provided a storage", () => {
  test("a handler has its context until its first await (X3)", async () => {
    expect(inContext(outer, () => context())).toBe(outer);
    await expect(inContext(outer, afterAwait)).rejects.toMatchObject({
      code: "invalid-argument",
      message: "context() was called outside of a handler, or after its first await, which cannot be followed here",
    });
  });

  test("what runs inside a handler has its own, and the handler gets its own back, also after a throw (X1)", () => {
    const seen = inContext(outer, () => {
      const throws = (): never => {
        throw new Error("from inside");
      };
      expect(() => inContext(inner, throws)).toThrow("from inside");
      return [inContext(inner, () => context()), context()];
    });
    expect(seen).toEqual([inner, outer]);
    expect(() => context()).toThrow("outside of a handler");
  });
});

describe("with the storage of a driver", () => {
  test("a handler has its context after every await, and those side by side each their own (X1)", async () => {
    provideContextStorage(new AsyncLocalStorage());
    expect(await Promise.all([inContext(outer, afterAwait), inContext(inner, afterAwait)])).toEqual([outer, inner]);
    expect(() => context()).toThrow(/outside of a handler$/);
  });

  test("a second driver shares the storage of the first: the innermost handler counts (X2)", async () => {
    const second = new AsyncLocalStorage<HandlerContext>();
    provideContextStorage(second);
    const seen = await inContext(outer, async () => [await inContext(inner, afterAwait), context()]);
    expect(seen).toEqual([inner, outer]);
    expect(inContext(outer, () => second.getStore())).toBeUndefined();
  });
});
