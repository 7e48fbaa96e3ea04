/** Requests that cannot run as they are, from the client and from strangers who do not use it. */
import type { PlainStep } from "@mpreg/core";
import { expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";

const echo = (name: string, ...args: unknown[]): PlainStep => ({ name, fun: "echos", args });
const $ref = (name: string) => ({ $ref: name });

test.each<[string, readonly PlainStep[], string, string, string | undefined]>([
  ["without a step", [], "empty-request", "The request has no step", undefined],
  [
    "with two steps of one name",
    [echo("a"), echo("a")],
    "duplicate-step",
    `steps[0] and steps[1] are both named "a"`,
    "a",
  ],
  [
    "with a reference to a step that it does not have",
    [echo("clean"), echo("b", [{ x: $ref("claen") }])],
    "unknown-reference",
    `step "b", args[0][0].x refers to "claen", which is not a step of the request; did you mean "clean"?`,
    "b",
  ],
  [
    "with a cycle",
    [echo("a", $ref("c")), echo("b", $ref("a")), echo("c", $ref("b"))],
    "cycle",
    "The references form a cycle: a → c → b → a (each step needs the next)",
    "a",
  ],
  [
    "with a step that uses itself",
    [echo("me", $ref("me"))],
    "cycle",
    "The references form a cycle: me → me (each step needs the next)",
    "me",
  ],
])("a request %s is refused by name", async (_what, steps, code, message, step) => {
  const { client, node } = await startPair();
  for (const caller of [client, node]) {
    expect(told(await failureOf(caller.request(steps)))).toEqual({
      code,
      message,
      step,
      node: undefined,
      outcome: "not-applied",
    });
  }
});

test("a graph with two steps of one name is refused where the second is added", async () => {
  const { client } = await startPair();
  const graph = client.graph();
  graph.call("echo", [], { name: "a" });
  expect(() => graph.call("echo", [], { name: "a" })).toThrow(`graph.call("echo"): the graph has a step "a" already`);
});

test("a reference of another graph is refused, with its step", async () => {
  const { client } = await startPair();
  const foreign = client.graph().call("echo", [1]);
  const graph = client.graph();
  const error = await failureOf(graph.run(graph.call("echo", [foreign], { name: "here" })));
  expect(told(error)).toMatchObject({ code: "invalid-argument", step: "here" });
  expect(error.message).toContain("the reference belongs to another graph");
});

test.each<[string, object, string]>([
  ["timeoutMs", { timeoutMs: 0 }, "timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got 0"],
  [
    "timeoutMs",
    { timeoutMs: "1s" },
    `timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got "1s"`,
  ],
  ["onError", { onError: "ignore" }, `onError must be "fail" or "settle", got "ignore"`],
  [
    "waitForCapacity",
    { waitForCapacity: -1 },
    "waitForCapacity must be a number of milliseconds above 0 and up to 2147483647, got -1",
  ],
])("an option out of range is refused by name: %s", async (_what, options, message) => {
  const { client } = await startPair();
  expect(told(await failureOf(client.request([echo("a")], options)))).toMatchObject({
    code: "invalid-argument",
    message,
  });
});

test("a call's resources and kwargs of the wrong shape are refused by name", async () => {
  const { client } = await startPair();
  expect((await failureOf(client.call("echo", [], { resources: "gpu" as never }))).message).toBe(
    `call("echo"): resources must be an array of names, got "gpu"`,
  );
  expect((await failureOf(client.call("echo", [], { kwargs: [1] as never }))).message).toBe(
    `call("echo"): kwargs must be a plain object`,
  );
  expect((await failureOf(client.call("echo", "x" as never))).message).toBe(
    `call("echo"): the arguments must be an array`,
  );
  expect((await failureOf(client.call("", []))).message).toBe(
    `call: the function must be a name that is not empty, got ""`,
  );
});
