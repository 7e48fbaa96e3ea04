/** Handlers as users write them: what they may return and throw, and what callers get of it. */
import { setImmediate as turn } from "node:timers/promises";
import { MpregError } from "@mpreg/core";
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { startLog } from "../support/log.js";

describe("a handler", () => {
  test("may be a function of any kind", async () => {
    const { node, client } = await startPair();
    class Model {
      readonly #name = "m1";
      predict = (x: number): string => `${this.#name}: ${x}`;
    }
    node.register("arrow", (a: number, b: number) => a + b);
    node.register("async", async (a: number) => {
      await turn();
      return a * 2;
    });
    node.register("method", new Model().predict);
    node.register("bound", String.prototype.toUpperCase.call.bind(String.prototype.toUpperCase));
    node.register("defaults", (a: number, b = 5, ...rest: number[]) => [a, b, ...rest]);
    expect(await client.call("arrow", [1, 2])).toBe(3);
    expect(await client.call("async", [4])).toBe(8);
    expect(await client.call("method", [1])).toBe("m1: 1");
    expect(await client.call("bound", ["up"])).toBe("UP");
    expect(await client.call("defaults", [1])).toEqual([1, 5]);
    expect(await client.call("defaults", [1, undefined, 3])).toEqual([1, 5, 3]);
  });

  test("is called as a plain function: it sees nothing of what holds it", async () => {
    const { node, client } = await startPair();
    node.register("this", function (this: unknown) {
      return this === undefined;
    });
    expect(await client.call("this")).toBe(true);
  });

  test("gets kwargs as its last argument, from calls, graphs and the plain form alike", async () => {
    const { node, client } = await startPair();
    node.register("all", (...all: unknown[]) => all);
    const kwargs = { width: 640 };
    const expected = ["image", kwargs];
    expect(await client.call("all", ["image"], { kwargs })).toEqual(expected);
    expect(await node.call("all", ["image"], { kwargs })).toEqual(expected);
    const graph = client.graph();
    expect(await graph.run(graph.call("all", ["image"], { kwargs }))).toEqual(expected);
    expect(await client.request([{ name: "all", fun: "all", args: ["image"], kwargs }])).toEqual({ all: expected });
    expect(await client.call("all", [], { kwargs: {} })).toEqual([{}]);
  });

  test("may answer with any thenable, as await takes it", async () => {
    const { node, client } = await startPair();
    // what query builders of databases are
    node.register("bare", () => ({
      then: (resolve: (value: number) => void) => {
        resolve(5);
      },
    }));
    node.register("twice", () => ({
      then: (resolve: (value: number) => void) => {
        resolve(1);
        resolve(2);
      },
    }));
    node.register("nested", () => ({
      then: (resolve: (value: unknown) => void) => {
        resolve(Promise.resolve("inner"));
      },
    }));
    node.register("rejecting", () => ({
      then: (_resolve: unknown, reject: (error: Error) => void) => {
        reject(new Error("from a thenable"));
      },
    }));
    node.register("throwing", () => ({
      then: () => {
        throw new Error("from then itself");
      },
    }));
    expect(await client.call("bare")).toBe(5);
    expect(await client.call("twice")).toBe(1);
    expect(await client.call("nested")).toBe("inner");
    expect((await failureOf(client.call("rejecting"))).message).toBe(`"rejecting" threw: from a thenable`);
    expect((await failureOf(client.call("throwing"))).message).toBe(`"throwing" threw: from then itself`);
  });

  test("gets its arguments as its own: what it changes, nobody sees", async () => {
    const { node, client } = await startPair();
    node.register("push", (list: number[]) => list.push(99));
    const list = [1];
    expect(await node.call("push", [list])).toBe(2);
    expect(await client.call("push", [list])).toBe(2);
    expect(list).toEqual([1]);
  });
});

describe("what a handler throws", () => {
  const thrown: readonly (readonly [string, () => never, string])[] = [
    [
      "an Error",
      () => {
        throw new Error("out of paper");
      },
      "out of paper",
    ],
    [
      "an error of a class of its own",
      () => {
        throw new (class PaperError extends TypeError {})("none");
      },
      "none",
    ],
    [
      "an Error without a message",
      () => {
        throw new Error();
      },
      "",
    ],
    [
      "a string",
      () => {
        throw "just text";
      },
      "just text",
    ],
    [
      "undefined",
      () => {
        throw undefined;
      },
      "undefined",
    ],
    [
      "null",
      () => {
        throw null;
      },
      "null",
    ],
    [
      "a symbol",
      () => {
        throw Symbol("s");
      },
      "Symbol(s)",
    ],
    [
      "an object without a prototype",
      () => {
        throw Object.create(null);
      },
      "a value that cannot be made text",
    ],
    [
      "an object whose toString throws",
      () => {
        throw {
          toString: () => {
            throw new Error("again");
          },
        };
      },
      "a value that cannot be made text",
    ],
    [
      "an Error whose message throws",
      () => {
        throw Object.defineProperty(new Error(), "message", {
          get: () => {
            throw new Error("again");
          },
        });
      },
      "a value that cannot be made text",
    ],
    [
      "an Error whose message is no text",
      () => {
        throw Object.assign(new Error(), { message: Object.create(null) });
      },
      "a value that cannot be made text",
    ],
    [
      "a revoked proxy",
      () => {
        throw revoked();
      },
      "a value that cannot be made text",
    ],
    [
      "an Error whose other members throw",
      () => {
        throw Object.defineProperties(new Error("odd"), {
          stack: { get: again },
          cause: { get: again },
          more: { get: again, enumerable: true },
        });
      },
      "odd",
    ],
  ];

  test("reaches the caller at once also when it is thrown later, and nothing can be asked of it", async () => {
    const { node, client } = await startPair();
    node.register("fail", async () => {
      await turn();
      throw revoked();
    });
    const { code, message, outcome } = await failureOf(client.call("fail"));
    expect({ code, message, outcome }).toEqual({
      code: "handler-error",
      message: '"fail" threw: a value that cannot be made text',
      outcome: "applied",
    });
  });

  test.each(thrown)("reaches the caller as handler-error: %s", async (_what, handler, said) => {
    const { log } = startLog("debug"); // what was thrown is logged, too
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker", log });
    worker!.register("fail", handler);
    worker!.register("fail later", async () => {
      await turn();
      handler();
    });
    await offered("fail later", 1, entry!);
    const client = await clientOf(entry!);
    for (const fun of ["fail", "fail later"]) {
      expect(told(await failureOf(client.call(fun)))).toEqual({
        code: "handler-error",
        message: `"${fun}" threw: ${said}`,
        step: fun,
        node: "worker",
        outcome: "applied",
      });
    }
    expect(await client.call("echo", ["the node goes on"])).toBe("the node goes on");
  });

  test("of an MpregError is a handler-error too, with the code, step, node and message of the inner one", async () => {
    const { node, client } = await startPair();
    node.register("own", () => {
      throw new MpregError("overloaded", "my queue is full", { outcome: "not-applied" });
    });
    node.register("passed on", () => context().call("nobody has this"));
    expect(told(await failureOf(client.call("own")))).toMatchObject({
      code: "handler-error",
      message: `"own" threw: overloaded: my queue is full`,
      outcome: "applied",
    });
    expect((await failureOf(client.call("passed on"))).message).toBe(
      `"passed on" threw: no-provider at step "nobody has this" on node "solo": ` +
        `Cannot call "nobody has this": no node offers a function of that name`,
    );
  });

  test("is told with a message that fits a message, however long it is", async () => {
    const { node } = await startPair();
    node.register("fail", () => {
      throw new Error("x".repeat(300_000));
    });
    const client = await clientOf(node, { messageBytesMax: 100_000 });
    const error = await failureOf(client.call("fail"));
    expect(error.code).toBe("handler-error");
    expect(error.message).toMatch(/^"fail" threw: x{1000,}…$/);
    expect(await client.call("echo", ["goes on"])).toBe("goes on");
  });

  test("carries no stack to callers unless the node exposes stacks", async () => {
    const [entry, discreet, open] = await startMesh(
      { name: "entry" },
      { name: "discreet" },
      { name: "open", exposeStacks: true },
    );
    const handler = (): never => {
      throw new Error("out of paper");
    };
    discreet!.register("discreet", handler);
    open!.register("open", handler);
    await offered("open", 1, entry!);
    await offered("discreet", 1, entry!);
    const client = await clientOf(entry!);
    const hidden = await failureOf(client.call("discreet"));
    expect(hidden.message).toBe(`"discreet" threw: out of paper`);
    expect(JSON.stringify([hidden, hidden.stack, hidden.cause])).not.toContain("execute.test");
    const exposed = await failureOf(client.call("open"));
    expect(exposed.message).toMatch(/^"open" threw: out of paper\nError: out of paper\n\s+at .*execute\.test/);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function again(): never {
  throw new Error("again");
}
